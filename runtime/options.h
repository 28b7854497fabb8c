// The command line, as main has read it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rekey {

struct Options {
  std::string database;  // empty: DATABASE_URL, else PG*
  bool json = false;
  bool verbose = false;
  std::string bundle;  // folder

  // apply, rollback
  std::string to;
  int jobs = 2;
  bool dry_run = false;
  bool yes = false;
  bool wait = false;
  int reconnect = 60;  // seconds

  std::int64_t rows = 100;  // rehearse
  bool full = false;
  std::string markdown;

  bool exit_code = false;  // status
  std::string table, key;  // lookup, mapping
  bool keep = false;       // sandbox
  std::string version, stop;
  std::vector<std::string> command;
};

}  // namespace rekey
