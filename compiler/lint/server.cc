#include "compiler/lint/server.h"

#include <fmt/format.h>

#include <string_view>

namespace rekey::lint {
namespace {

struct Feature {
  int since;
  std::string_view words, what;
};

// As the catalog writes them, and so inspect does. From the release notes of the versions.
constexpr Feature kFeatures[] = {
    {14, "BEGIN ATOMIC", "a function with a SQL body"},
    {14, "COMPRESSION lz4", "compression by lz4"},
    {15, "security_invoker", "a view with security_invoker"},
    {15, "NULLS NOT DISTINCT", "NULLS NOT DISTINCT"},
    {17, "SET EXPRESSION AS", "changing the expression of a generated column"},
    {17, "MAINTAIN", "the right MAINTAIN"},
    {18, "NOT ENFORCED", "a constraint that is not enforced"},
};

class Check {
 public:
  Check(int server, Diagnostics& diagnostics) : server_(server), diagnostics_(diagnostics) {}

  void needs(int since, const Span& place, std::string_view what, std::string_view of) {
    if (server_ >= since) return;
    diagnostics_.error("server", place, fmt::format("{} needs {}, which PostgreSQL {} does not have", of, what, server_),
                       fmt::format("it is there since {}; write it otherwise, or compile for a later version", since));
  }

  void words_of(const plan::Text& sql, std::string_view of) {
    for (const Feature& feature : kFeatures) {
      if (sql.value.find(feature.words) != std::string::npos) needs(feature.since, sql.span, feature.what, of);
    }
  }

 private:
  int server_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_server(const plan::Plan& plan, Diagnostics& diagnostics) {
  if (plan.server.value == 0) return;
  Check check(plan.server.value, diagnostics);
  for (const auto& table : plan.tables) {
    for (const auto& fk : table.foreign_keys) {
      const std::string of = "foreign key " + fk.name.value;
      if (!fk.on_delete_columns.empty()) {
        check.needs(15, fk.on_delete_columns.front().span, "SET NULL or SET DEFAULT of some columns", of);
      }
      if (!fk.enforced.value) check.needs(18, fk.enforced.span, "a constraint that is not enforced", of);
    }
  }
  for (const auto& d : plan.dependents) {
    for (const plan::Text* sql : {&d.definition, &d.replacement, &d.drop}) check.words_of(*sql, d.name.value);
  }
}

}  // namespace rekey::lint
