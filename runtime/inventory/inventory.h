// What a change of keys will meet in the data, domain by domain: read only, before anything is applied.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/bundle/bundle.h"
#include "runtime/db/connection.h"
#include "runtime/journal.h"

namespace rekey::inventory {

// A column that holds keys of the domain, beside its root.
struct Reference {
  std::string table, column;
  std::string kind;  // foreign key, not valid, not enforced, logical
  std::int64_t keys = 0, orphans = 0;
  std::string example;  // of an orphan
};

// Rows that would get one key.
struct Group {
  std::vector<std::pair<std::string, std::int64_t>> rows;  // a few: the key, and how many rows refer to it
  std::int64_t size = 0;
};

struct Domain {
  std::string name, table, column, generator, type;
  bool listed = false;   // its keys are made from rows, so that each needs its own
  bool changed = false;  // its phase is applied, or in the middle: nothing else is known then
  std::int64_t rows = 0, bytes = 0;
  std::optional<std::int64_t> matching;    // keys that are what the generator makes; not known: nothing says so before
  std::vector<std::pair<std::string, std::int64_t>> versions;  // of UUIDs: "4", "7", "other variant"
  std::int64_t nameless = 0;               // rows from which no key can be made
  std::string nameless_example;
  std::int64_t groups = 0, doubles = 0;    // of rows that would get one key; rows that are one too many
  std::vector<Group> largest;              // of the groups
  std::string key;                         // the constraint that they would break
  std::optional<std::int64_t> childless;   // rows that nothing refers to; not known where nothing could
  std::vector<Reference> references;
  std::vector<std::string> beyond;  // its columns whose ids the generator cannot hold
};

// In one snapshot; the session's transaction is read only.
std::vector<Domain> take(db::Connection& session, const bundle::Bundle& b, const Journal& journal);

// Whether something keeps the domain from being changed as the plan says.
std::vector<std::string> obstacles(const Domain& domain);

std::string to_text(const std::string& plan, const std::string& where, const std::vector<Domain>& domains);
std::string to_markdown(const std::string& plan, const std::string& where, const std::vector<Domain>& domains);
std::string to_json(const std::string& plan, const std::string& where, const std::vector<Domain>& domains);

}  // namespace rekey::inventory
