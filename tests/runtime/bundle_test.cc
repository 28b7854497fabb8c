// The manifest round trip, and every way in which a bundle may be damaged.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "runtime/bundle/json.h"
#include "runtime/bundle/named.h"
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

// What a digest does not tell: whoever changes the manifest and its digest is told what is wrong.
TEST_F(BundleFolder, AManifestThatContradictsItself) {
  const std::string text = read_text(path / "bundle.json");
  const struct {
    const char *what, *with, *damage;
  } cases[] = {
      {"\"format\": 1,", "\"format\": 1.5,", "has 1.5 where a whole number stands"},
      {"\"format\": 1,", "\"format\": -1,", "has -1 where a whole number stands"},
      {"\"format\": 1,", "\"format\": 4294967297,", "has 4294967297 where a whole number stands"},
      {"\"plan\": \"sample\"", "\"plan\": 1", "has 1 where a text stands"},
      {"\"plan\": \"sample\"", "\"plam\": 1", "is no manifest of a bundle: key 'plan' not found"},
      {"\"notices\": []", "\"notices\": \"x\"", "has \"x\" where a list stands"},
      {"\"mode\": \"ACCESS EXCLUSIVE\"", "\"mode\": \"NONE\"", "\"NONE\" is no lock mode"},
      {"\"needs\": [\"020.open\"]", "\"needs\": [\"020.none\"]",
       "has step 020.orders.detach depend on 020.none, which does not come before it"},
      {"\"needs\": [\"020.open\"]", "\"needs\": [\"020.orders.detach\"]",
       "has step 020.orders.detach depend on 020.orders.detach, which does not come before it"},
      {"\"path\": \"REVIEW.md\"", "\"path\": \"../REVIEW.md\"",
       "lists \"../REVIEW.md\", which is outside the folder"},
      {"\"undo_order\": [\"010.foundation\"]", "\"undo_order\": []",
       "has steps of phase 010 twice or in one direction only"},
  };
  for (const auto& c : cases) {
    const auto at = text.find(c.what);
    ASSERT_NE(at, std::string::npos) << c.what;
    std::string members = text.substr(0, text.rfind("  \"self\""));
    members.replace(at, std::string(c.what).size(), c.with);
    std::ofstream(path / "bundle.json", std::ios::binary)
        << members << "  \"self\": \"" << bundle::sha256(members) << "\"\n}\n";
    EXPECT_EQ(damage(), std::string("B/bundle.json: ") + c.damage + "; compile the plan again");
  }
}

// One phase of one step, small enough to try each of its bytes.
class TinyBundle : public BundleFolder {
 protected:
  TinyBundle() {
    fs::remove_all(path);
    bundle::Bundle b;
    b.plan = "tiny";
    bundle::Phase& phase = b.phases.emplace_back();
    phase.id = "010";
    phase.folder = "010-all";
    bundle::Step& step = phase.steps.emplace_back();
    step.id = "010.all";
    phase.undo_order = {step.id};
    step.up = add(b, "010-all/up.sql", "SELECT 1;\n");
    step.down = add(b, "010-all/down.sql", "SELECT 2;\n");
    add(b, "010-all/verify.sql", "-- nothing\n");
    add(b, "REVIEW.md", "# Tiny\n");
    std::ofstream(path / "bundle.json", std::ios::binary) << bundle::to_json(b);
  }
  bundle::Side add(bundle::Bundle& b, const std::string& file, const std::string& text) {
    fs::create_directories((path / file).parent_path());
    std::ofstream(path / file, std::ios::binary) << text;
    b.files.push_back({file, bundle::sha256(text), text.size()});
    bundle::Side side;
    side.text = {0, text.size()};
    return side;
  }
  // Tries each of the texts in the file's place, and puts the file back.
  void expect_refused(const std::string& file, const std::vector<std::string>& texts) {
    const std::string whole = read_text(path / file);
    for (const std::string& text : texts) {
      std::ofstream(path / file, std::ios::binary) << text;
      const std::string said = damage();
      EXPECT_TRUE(said.starts_with("B/" + file + ": ")) << "\"" << said << "\" of\n" << text;
    }
    std::ofstream(path / file, std::ios::binary) << whole;
    EXPECT_EQ(damage(), "");
  }
  const std::vector<std::string> files = {"bundle.json", "REVIEW.md", "010-all/up.sql", "010-all/down.sql",
                                          "010-all/verify.sql"};
};

TEST_F(TinyBundle, CutAtAnyByte) {
  for (const std::string& file : files) {
    const std::string whole = read_text(path / file);
    std::vector<std::string> cuts;
    for (std::size_t size = 0; size < whole.size(); ++size) cuts.push_back(whole.substr(0, size));
    expect_refused(file, cuts);
  }
}

TEST_F(TinyBundle, AnyBitFlipped) {
  for (const std::string& file : files) {
    const std::string whole = read_text(path / file);
    std::vector<std::string> flipped(whole.size() * 8, whole);
    for (std::size_t i = 0; i < flipped.size(); ++i) flipped[i][i / 8] ^= static_cast<char>(1 << i % 8);
    expect_refused(file, flipped);
  }
}

TEST_F(TinyBundle, AnyFileMissingOrInAnothersPlace) {
  for (const std::string& file : files) {
    fs::rename(path / file, folder.path() / "away");
    const std::string gone = "B/" + file + (file == "bundle.json"
                                                ? ": not there; name the folder that rekeyc compile wrote"
                                                : ": missing; compile the plan again");
    EXPECT_EQ(damage(), gone);
    fs::create_directory(path / file);
    EXPECT_EQ(damage(), gone);
    fs::remove(path / file);
    fs::create_symlink(folder.path() / "away", path / file);
    EXPECT_EQ(damage(), gone);
    fs::remove(path / file);
    fs::rename(folder.path() / "away", path / file);
    EXPECT_EQ(damage(), "");
  }
}

TEST_F(TinyBundle, AnyFileAdded) {
  for (const char* file : {"x", ".x", "010-all/x", "010-all/up.sql~", "020-none/up.sql", "010-all/bundle.json"}) {
    const bool made = fs::create_directories((path / file).parent_path());
    append(file, "");
    EXPECT_EQ(damage(), std::string("B/") + file +
                            ": does not belong to the bundle; remove it or compile the plan again");
    fs::remove(path / file);
    if (made) fs::remove((path / file).parent_path());
    EXPECT_EQ(damage(), "");
  }
  fs::rename(path / "010-all", folder.path() / "elsewhere");
  fs::create_directory_symlink(folder.path() / "elsewhere", path / "010-all");
  EXPECT_EQ(damage(), "B/010-all: does not belong to the bundle; remove it or compile the plan again");
}

// A server that only counts who comes.
class Listener {
 public:
  explicit Listener(const fs::path& folder) : socket_(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = (folder / ".s.PGSQL.5432").string();
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(socket_, 8) != 0) {
      throw std::runtime_error("cannot listen at " + name);
    }
    url = "host=" + folder.string() + " port=5432 dbname=d user=u";
  }
  ~Listener() { close(socket_); }
  Listener(const Listener&) = delete;
  bool anyone_came() {
    const int client = accept(socket_, nullptr, nullptr);
    if (client >= 0) close(client);
    return client >= 0;
  }
  std::string url;

 private:
  int socket_;
};

TEST_F(TinyBundle, TheProgramRefusesBeforeItConnects) {
  Listener server(folder.path());
  const std::string up = read_text(path / "010-all/up.sql");
  std::string flipped = up;
  flipped[3] ^= 1;
  const std::vector<std::pair<std::string, std::function<void()>>> damages = {
      {"010-all/up.sql: has 9 bytes, not 10 as compiled; compile the plan again",
       [&] { fs::resize_file(path / "010-all/up.sql", 9); }},
      {"010-all/up.sql: differs from what was compiled; compile the plan again",
       [&] { std::ofstream(path / "010-all/up.sql", std::ios::binary) << flipped; }},
      {"010-all/up.sql: missing; compile the plan again", [&] { fs::remove(path / "010-all/up.sql"); }},
      {"010-all/x: does not belong to the bundle; remove it or compile the plan again",
       [&] {
         std::ofstream(path / "010-all/up.sql", std::ios::binary) << up;
         append("010-all/x", "");
       }},
      {"bundle.json: is no JSON (byte 6); compile the plan again",
       [&] {
         fs::remove(path / "010-all/x");
         fs::resize_file(path / "bundle.json", 5);
       }},
  };
  for (const auto& [said, damage_it] : damages) {
    damage_it();
    for (const char* command : {"apply", "rollback", "verify", "status", "mapping"}) {
      const Result result = rekey({command, path.string(), "--database", server.url});
      EXPECT_EQ(result.code, 3) << command;
      EXPECT_EQ(result.err, "rekey: refused: " + (path / said).string() + "\n") << command;
      EXPECT_EQ(result.out, "") << command;
      EXPECT_FALSE(server.anyone_came()) << command;
    }
  }
}

// The vector of RFC 9562, appendix A.4; the others by Python's uuid.uuid5.
TEST(Named, AsEverybodyElseMakesThem) {
  const char* dns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  EXPECT_EQ(bundle::named(dns, "www.example.com"), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  EXPECT_EQ(bundle::named(dns, "Zoë 𝄞@example.com"), "cd4c3f11-46ed-50a0-8de5-057c9d6af4f2");
  EXPECT_EQ(bundle::named("6ba7b811-9dad-11d1-80b4-00c04fd430c8", ""), "1b4db7eb-4057-5ddf-91e0-36dec72071f5");
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
