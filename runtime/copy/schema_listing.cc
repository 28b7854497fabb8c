#include "runtime/copy/schema_listing.h"

namespace rekey {

extern const char* const kSchemaListing;

std::vector<std::string> schema_listing(db::Connection& session) {
  std::vector<std::string> lines;
  for (const db::Row& row : session.exec(kSchemaListing).rows) lines.push_back(row[0].value_or(""));
  return lines;
}

}  // namespace rekey
