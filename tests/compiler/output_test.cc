// Folders before and after, and what is said: by the functions, and by the program with its exit status.
#include "compiler/emit/output.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>

#include "compiler/compile.h"

namespace rekey::emit {
namespace {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

const Files kOld = {{"bundle.json", "{\"files\":[{\"path\":\"REVIEW.md\"},{\"path\":\"010-a/up.sql\"}]}"},
                    {"REVIEW.md", "old"}, {"010-a/up.sql", "old"}};
const Files kNew = {{"bundle.json", "{\"files\":[{\"path\":\"REVIEW.md\"},{\"path\":\"020-b/up.sql\"}]}"},
                    {"REVIEW.md", "new"}, {"020-b/up.sql", "new"}};

class Output : public testing::Test {
 protected:
  Output() : home(fs::path(testing::TempDir()) / fmt::format("output {}", getpid())) {
    fs::remove_all(home);
    fs::create_directories(home);
  }
  ~Output() override { fs::remove_all(home); }

  void put(const std::string& path, const std::string& text) const {
    fs::create_directories((home / path).parent_path());
    std::ofstream(home / path, std::ios::binary) << text;
  }

  // All files below the test's folder.
  Files found(const std::string& below = "") const {
    Files out;
    for (const auto& entry : fs::recursive_directory_iterator(home / below)) {
      if (entry.is_directory()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::ostringstream text;
      text << in.rdbuf();
      out[entry.path().lexically_relative(home / below).generic_string()] = text.str();
    }
    return out;
  }

  std::string refusal(const fs::path& folder) const {
    try {
      write_folder(folder, kNew);
      return "written";
    } catch (const CannotWrite& error) {
      std::string text = error.what();
      for (auto at = text.find(home.string()); at != std::string::npos; at = text.find(home.string())) {
        text.replace(at, home.string().size(), "HOME");
      }
      return text;
    }
  }

  fs::path home;
};

TEST_F(Output, WritesAndReplaces) {
  for (const char* folder : {"new", "deep/er/new", "with slash/", "./dotted"}) {
    const auto path = home / folder;
    write_folder(path, kOld);
    EXPECT_EQ(differences(path, kOld), std::vector<std::string>{}) << folder;
    write_folder(path, kNew);
    EXPECT_EQ(differences(path, kNew), std::vector<std::string>{}) << folder;
  }
  EXPECT_EQ(found("new"), kNew);
  for (const auto& entry : fs::directory_iterator(home)) {
    EXPECT_NE(entry.path().filename().string()[0], '.') << "left behind: " << entry.path();
  }
}

TEST_F(Output, AnEmptyFolderIsTaken) {
  fs::create_directories(home / "empty");
  write_folder(home / "empty", kNew);
  EXPECT_EQ(found("empty"), kNew);
}

TEST_F(Output, RefusesAndChangesNothing) {
  put("file", "mine");
  put("full/notes.txt", "mine");
  put("other/bundle.json", "{\"name\": \"of another program\"}");
  put("other/src/main.js", "mine");
  put("broken/bundle.json", "{");
  for (const auto& [path, text] : kOld) put("edited/" + path, text);
  put("edited/notes.txt", "mine");
  const auto before = found();
  const struct {
    const char *folder, *said;
  } cases[] = {
      {"file", "HOME/file is not a bundle and not empty: name another folder"},
      {"file/below", "cannot write HOME/file: Not a directory"},
      {"full", "HOME/full is not a bundle and not empty: name another folder"},
      {"other", "HOME/other is not a bundle and not empty: name another folder"},
      {"broken", "HOME/broken is not a bundle and not empty: name another folder"},
      {"edited", "HOME/edited/notes.txt is not part of the bundle, which would be replaced as a whole: move it away"},
  };
  for (const auto& c : cases) EXPECT_EQ(refusal(home / c.folder), c.said);
  EXPECT_EQ(found(), before);
}

TEST_F(Output, AFolderThatCannotBeWritten) {
  EXPECT_EQ(refusal("/proc/rekey/bundle"), "cannot write /proc/rekey: No such file or directory");
  if (getuid() == 0) return;  // root writes everywhere else
  fs::permissions(home, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(refusal(home / "new"), "cannot write HOME/new: Permission denied");
  fs::permissions(home, fs::perms::owner_all);
}

TEST_F(Output, Differences) {
  write_folder(home / "b", kOld);
  put("b/REVIEW.md", "edited");
  put("b/020-b/up.sql", "added");
  fs::remove(home / "b/010-a/up.sql");
  EXPECT_EQ(differences(home / "b", kOld),
            (std::vector<std::string>{"010-a/up.sql is missing", "REVIEW.md differs", "020-b/up.sql is not part of it"}));
  EXPECT_EQ(differences(home / "none", kOld),
            (std::vector<std::string>{"010-a/up.sql is missing", "REVIEW.md is missing", "bundle.json is missing"}));
}

class Program : public Output {
 protected:
  Program() {
    put("the plan.yaml", "version: 1\nname: p\ntables:\n  public.a: {primary_key: id, columns: {id: integer}}\n");
  }

  // Exit status, standard output and error together.
  std::string run(const std::string& arguments) const {
    const auto command = fmt::format("cd '{}' && '{}/compiler/rekeyc' {} 2>&1", home.string(), REKEY_BINARY, arguments);
    std::string out;
    FILE* pipe = popen(command.c_str(), "r");
    char buffer[4096];
    while (const auto count = fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, count);
    return fmt::format("{}: {}", WEXITSTATUS(pclose(pipe)), out);
  }
};

TEST_F(Program, CompileAndCheck) {
  EXPECT_EQ(run("check 'the plan.yaml'"), "0: the plan.yaml: 1 table, 3 phases, 0 findings, no error\n");
  EXPECT_EQ(run("compile 'the plan.yaml' -o out"),
            "0: out: 3 phases, 9 steps, 1 table; read out/REVIEW.md first\n");
  EXPECT_EQ(run("compile 'the plan.yaml' -o out --check"), "0: out is what the plan.yaml gives\n");
  const auto first = found("out");
  fs::create_directories(home / "else where");
  fs::copy(home / "the plan.yaml", home / "else where/the plan.yaml");
  run("compile 'else where/the plan.yaml' -o 'else where/out'");
  EXPECT_EQ(found("else where/out"), first);

  put("out/REVIEW.md", "edited");
  put("out/notes.txt", "added");
  fs::remove(home / "out/030-cleanup/up.sql");
  EXPECT_EQ(run("compile 'the plan.yaml' -o out --check"),
            "1: out: 030-cleanup/up.sql is missing\nout: REVIEW.md differs\nout: notes.txt is not part of it\n"
            "Run: rekeyc compile 'the plan.yaml' -o out\n");
}

TEST_F(Program, WhatCannotBeDone) {
  put("file", "mine");
  put("full/notes.txt", "mine");
  put("bad.yaml", "version: 2\nname: p\ntables: {}\n");
  fs::create_directories(home / "folder");
  const auto before = found();
  EXPECT_EQ(run("compile 'the plan.yaml' -o full"),
            fmt::format("1: rekeyc: {}/full is not a bundle and not empty: name another folder\n", home.string()));
  EXPECT_EQ(run("compile 'the plan.yaml' -o file"),
            fmt::format("1: rekeyc: {}/file is not a bundle and not empty: name another folder\n", home.string()));
  EXPECT_EQ(run("check none.yaml"), "2: rekeyc: cannot read none.yaml: No such file or directory\n");
  EXPECT_EQ(run("check folder"), "2: rekeyc: cannot read folder: it is a folder\n");
  EXPECT_TRUE(run("compile bad.yaml -o out").starts_with("2: bad.yaml:1:10: error: "));
  EXPECT_TRUE(run("compile 'the plan.yaml'").starts_with("2: "));
  EXPECT_EQ(found(), before);
}

TEST_F(Program, Templates) {
  std::string said;
  put("t/steps/vacuum.sql", "%up\nVACUUM (ANALYZE, VERBOSE) {{table}};\n%down\nANALYZE {{table}};\n");
  EXPECT_TRUE(run("compile 'the plan.yaml' -o out --templates t").starts_with("0: "));
  EXPECT_NE(found("out")["020-leaf-tables/up.sql"].find("VACUUM (ANALYZE, VERBOSE) public.a;"), std::string::npos);
  put("t/steps/vacuum.sql", "%up\nVACUUM {{tabel}};\n%down\n");
  EXPECT_EQ(run("compile 'the plan.yaml' -o out --templates t"),
            "2: rekeyc: steps/vacuum.sql: {{tabel}} is not a name that this template has\n");
  for (const char* text : {"{{#table}}VACUUM", "{{/table}}", "{{#table}}{{^step}}{{/table}}{{/step}}"}) {
    put("t/steps/vacuum.sql", fmt::format("%up\n{}\n%down\n", text));
    said += run("compile 'the plan.yaml' -o out --templates t");
  }
  EXPECT_EQ(said,
            "2: rekeyc: steps/vacuum.sql: {{#table}} has no end\n"
            "2: rekeyc: steps/vacuum.sql: {{/table}} ends nothing\n"
            "2: rekeyc: steps/vacuum.sql: {{/table}} ends nothing\n");
  put("t/steps/vacuum.sql", "%up\nVACUUMM {{table}};\n%down\n");
  said = run("compile 'the plan.yaml' -o out --templates t");
  EXPECT_TRUE(said.starts_with("1: rekeyc: step 020.a.vacuum does not parse: syntax error at or near \"VACUUMM\""))
      << said;
  EXPECT_EQ(run("compile 'the plan.yaml' -o out --templates none"), "2: rekeyc: none is not a folder\n");
}

}  // namespace
}  // namespace rekey::emit
