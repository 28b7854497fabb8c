#include "compiler/lint/settling.h"

#include <fmt/format.h>

#include "compiler/lower/dependents.h"
#include "compiler/plan/names.h"
#include "compiler/plan/print.h"

namespace rekey::lint {

namespace {

std::string entry(const plan::Dependent& d) {
  auto text = fmt::format("  dependents:\n    - kind: {}\n      name: {}\n", lower::word(d.kind.value),
                          plan::yaml_scalar(d.name.value, false));
  if (!d.table.value.name.empty()) {
    text += fmt::format("      table: {}\n", plan::yaml_scalar(to_text(d.table.value), false));
  }
  return text;
}

}  // namespace

std::string ways_to_settle(const plan::Dependent& d, bool may_stay) {
  const bool holds_rows = d.kind.value == plan::DependentKind::partitioned_table;
  const bool made_again = !d.definition.value.empty() && !lower::drop_statement(d).empty();
  const bool undefined = d.definition.value.empty() && d.problem.value.empty();
  std::string lines;
  if (undefined) lines += "      definition: the SQL that makes it\n";
  if (made_again) lines += "      replacement: its SQL with uuid keys\n";
  if (made_again && !holds_rows) lines += "      set_aside: why it may be missing until the keys come back\n";
  if (may_stay && !undefined) lines += "      as_is: why it may stay as it is\n";
  std::string out;
  if (!made_again && !undefined) {
    out = fmt::format("change it in the database and draft the plan anew{}\n",
                      lines.empty() ? "" : "; or say why it may stay:");
  } else {
    out = "give it one of the last lines of this, in the plan or in a decisions file:\n";
  }
  if (!lines.empty()) out += entry(d) + lines;
  const auto table = holds_rows ? plan::parse_table_name(d.name.value).value_or(plan::TableName{}) : d.table.value;
  return out + fmt::format("or keep {} table out: change: keep under {}", holds_rows ? "the" : "its",
                           table.name.empty() ? "the table" : to_text(table));
}

}  // namespace rekey::lint
