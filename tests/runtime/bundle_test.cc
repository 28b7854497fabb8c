// The manifest round trip, and every way in which a bundle may be damaged.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runtime/bundle/json.h"
#include "tests/runtime/sample_bundle.h"
#include "tests/runtime/server.h"

namespace rekey::test {
namespace {

namespace fs = std::filesystem;

class BundleFolder : public ::testing::Test {
 protected:
  BundleFolder() : path(folder.path() / "b") { write_bundle(sample(), path); }
  std::string damage() const {
    try {
      bundle::read_bundle(path);
      return "";
    } catch (const bundle::Damaged& e) {
      std::string text = e.what();
      for (std::size_t at; (at = text.find(path.string())) != std::string::npos;) {
        text.replace(at, path.string().size(), "B");
      }
      return text;
    }
  }
  void append(const std::string& file, const std::string& text) const {
    std::ofstream(path / file, std::ios::app | std::ios::binary) << text;
  }
  Folder folder;
  const fs::path path;
};

TEST_F(BundleFolder, ReadsWhatWasWritten) {
  EXPECT_EQ(damage(), "");
  EXPECT_EQ(bundle::to_json(bundle::read_bundle(path)), read_text(path / "bundle.json"));
}

TEST_F(BundleFolder, AnyFlippedBitOfTheManifestIsFound) {
  const std::string text = read_text(path / "bundle.json");
  for (std::size_t i = 0; i < text.size(); i += 7) {
    std::string flipped = text;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << i % 8));
    EXPECT_THROW(bundle::from_json(flipped), bundle::Damaged) << i;
  }
}

TEST_F(BundleFolder, AnyCutOfTheManifestIsFound) {
  const std::string text = read_text(path / "bundle.json");
  for (std::size_t size = 0; size < text.size(); size += 11) {
    EXPECT_THROW(bundle::from_json(text.substr(0, size)), bundle::Damaged) << size;
  }
}

TEST_F(BundleFolder, NamesWhatIsDamaged) {
  const std::string up = "020-people/up.sql", text = read_text(path / up);
  append(up, "\n");
  EXPECT_EQ(damage(), "B/" + up + ": has " + std::to_string(text.size() + 1) + " bytes, not " +
                          std::to_string(text.size()) + " as compiled; compile the plan again");
  std::string edited = text;
  edited[edited.size() - 5] ^= 1;
  std::ofstream(path / up, std::ios::binary) << edited;
  EXPECT_EQ(damage(), "B/" + up + ": differs from what was compiled; compile the plan again");
  fs::remove(path / up);
  EXPECT_EQ(damage(), "B/" + up + ": missing; compile the plan again");
  std::ofstream(path / up, std::ios::binary) << text;
  EXPECT_EQ(damage(), "");

  append("020-people/.up.sql.swp", "x");
  EXPECT_EQ(damage(),
            "B/020-people/.up.sql.swp: does not belong to the bundle; remove it or compile the "
            "plan again");
  fs::remove(path / "020-people/.up.sql.swp");
  fs::create_symlink(path / up, path / "link.sql");
  EXPECT_EQ(damage(),
            "B/link.sql: does not belong to the bundle; remove it or compile the plan again");
  fs::remove(path / "link.sql");

  append("bundle.json", " ");
  EXPECT_EQ(damage(), "B/bundle.json: differs from what was compiled; compile the plan again");
  std::ofstream(path / "bundle.json") << "{\"format\": 2}";
  EXPECT_EQ(damage(),
            "B/bundle.json: has format 2; this rekey reads format 1; compile the plan again");
  std::ofstream(path / "bundle.json") << "{}";
  EXPECT_EQ(damage(),
            "B/bundle.json: is no manifest of a bundle: key 'format' not found; compile the plan "
            "again");
  std::ofstream(path / "bundle.json") << "nonsense";
  EXPECT_EQ(damage(), "B/bundle.json: is no JSON (byte 2); compile the plan again");
  fs::remove(path / "bundle.json");
  EXPECT_EQ(damage(), "B/bundle.json: not there; name the folder that rekeyc compile wrote");
  fs::remove_all(path);
  EXPECT_EQ(damage(), "B: no such folder; name the folder that rekeyc compile wrote");
}

TEST_F(BundleFolder, AnEditedBundleStopsTheProgramBeforeItConnects) {
  append("REVIEW.md", "edited");
  const Result result =
      rekey({"apply", path.string(), "--database", "postgresql:///x?host=/nowhere", "--yes"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.err, "rekey: refused: " + (path / "REVIEW.md").string() +
                            ": has 15 bytes, not 9 as compiled; compile the plan again\n");
}

TEST(LockModes, ConflictAsTheManualSays) {
  std::string matrix;
  for (int a = 0; a < 8; ++a) {
    for (int b = 0; b < 8; ++b) {
      const auto x = static_cast<bundle::LockMode>(a), y = static_cast<bundle::LockMode>(b);
      matrix += bundle::conflict(x, y) ? 'X' : '.';
      EXPECT_EQ(bundle::conflict(x, y), bundle::conflict(y, x));
    }
    matrix += "  " + std::string(bundle::name(static_cast<bundle::LockMode>(a))) + "\n";
  }
  EXPECT_EQ(matrix,
            ".......X  ACCESS SHARE\n"
            "......XX  ROW SHARE\n"
            "....XXXX  ROW EXCLUSIVE\n"
            "...XXXXX  SHARE UPDATE EXCLUSIVE\n"
            "..XX.XXX  SHARE\n"
            "..XXXXXX  SHARE ROW EXCLUSIVE\n"
            ".XXXXXXX  EXCLUSIVE\n"
            "XXXXXXXX  ACCESS EXCLUSIVE\n");
}

}  // namespace
}  // namespace rekey::test
