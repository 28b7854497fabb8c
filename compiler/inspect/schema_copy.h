// The schema of a live database without its rows, in a throwaway server of this machine: pg_dump there,
// psql here. The live database is only read.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/db/connection.h"
#include "runtime/sandbox.h"

namespace rekey::inspect {

struct SchemaCopy {
  std::unique_ptr<Sandbox> server;
  std::string url;                // of the copy, whatever PGOPTIONS says
  std::string version;            // of the server: "15.20"
  std::string search_path;        // that sessions of the live database start with
  std::vector<std::string> lost;  // what psql said of things that could not be made
};

// `address` as db::Connection takes it, `live` a session there. The server is of the live one's major
// version where that is installed, else the newest here. Throws CannotInspect, Failed.
SchemaCopy copy_schema(const std::string& address, db::Connection& live);

}  // namespace rekey::inspect
