// A real server for the tests of this program, a database for each of them, and the program under
// test.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "runtime/db/connection.h"
#include "runtime/sandbox.h"

namespace rekey::test {

Sandbox& server();
// Turns its autovacuum off, which would make statistics at a time of its own.
void only_steps_vacuum();

// A fresh database, a copy of another, dropped at the end.
class Database {
 public:
  explicit Database(const std::string& origin = "template1");
  ~Database();
  Database(const Database&) = delete;

  const std::string& name() const { return name_; }
  const std::string& url() const { return url_; }
  // Rows as lines, columns with | between them; NULL is nothing.
  std::string query(const std::string& sql) const;
  void run(const std::string& sql) const { query(sql); }
  std::string schema() const;  // tests/dump schema
  std::string rows() const;    // tests/dump rows, then sequences

 private:
  std::string name_, url_;
};

// Does what findings say about names of not-null constraints, from PostgreSQL 18 on; false where they say nothing. To be
// repeated: one whose own heirs are in the way gets its turn after them.
bool rename_not_nulls(const std::string& findings, db::Connection& session);

// A folder of the test, removed at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Result {
  int code = -1;
  std::string out, err;
};

// Starts rekey; returns at once. wait_for gives what it did.
struct Process {
  pid_t pid = -1;
  std::filesystem::path out, err;
};
Process start_rekey(const std::vector<std::string>& arguments);
bool ended(const Process& process);
Result wait_for(const Process& process);
Result rekey(const std::vector<std::string>& arguments);

std::string read_text(const std::filesystem::path& path);
// Any program; its standard output. Throws when it fails.
std::string output_of(const std::vector<std::string>& command);

// Numbers that differ between runs replaced: "1.2 s" by "T s", pids by "PID".
std::string settled(std::string text);

}  // namespace rekey::test
