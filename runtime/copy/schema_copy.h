// The schema of a live database without its rows, in a throwaway server of this machine: pg_dump there,
// psql here. The live database is only read.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "runtime/db/connection.h"
#include "runtime/sandbox.h"

namespace rekey {

struct SchemaCopy {
  std::unique_ptr<Sandbox> server;
  std::string url;                // of the copy, whatever PGOPTIONS says
  std::string version;            // of the server: "15.20"
  std::string search_path;        // that sessions of the live database start with
  std::vector<std::string> lost;  // what psql said of things that could not be made
};

// What this machine lacks for it, or the live database refuses; with a next step.
struct CannotCopy : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// psql of this machine, with the environment that takes a password to it.
struct Psql {
  std::string program, address;
  std::map<std::string, std::string> environment;
  std::filesystem::path folder;  // where what it reads and writes may lie

  // Runs a script that is written to a file first; gives what it said to standard error. Throws CannotCopy
  // when psql does not start, or when it ends badly.
  std::string run(const std::string& script) const;
};

// Puts rows into the copy before it has indexes, foreign keys and triggers.
using Fill = std::function<void(const Psql& live, const Psql& copy, db::Connection& here)>;

// `address` as db::Connection takes it, `live` a session there; `snapshot` is one that it has exported, or empty.
// The server is of the live one's major version where that is installed, else the newest here. Throws
// CannotCopy, Failed.
SchemaCopy copy_schema(const std::string& address, db::Connection& live, const std::string& snapshot = {},
                       const Fill& fill = {});

}  // namespace rekey
