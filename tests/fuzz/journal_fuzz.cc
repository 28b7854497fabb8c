// Text that a database or a server gives: rows of the journal, arrays, definitions of foreign keys,
// messages, names on their way into statements; and the address it was reached at.
#include <libpq-fe.h>

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/lint/parse_sql.h"
#include "runtime/checks.h"
#include "runtime/db/catalog.h"
#include "runtime/db/connection.h"
#include "runtime/db/server_message.h"
#include "runtime/journal.h"
#include "runtime/text.h"
#include "tests/fuzz/fuzz.h"

namespace rekey::fuzz {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

// A line a row: a phase has four fields, a step five, others make the bundle's steps.
void try_journal(const std::vector<std::string>& lines) {
  Journal journal;
  bundle::Bundle b;
  journal.installed = true;
  for (const std::string& line : lines) {
    const auto fields = split(line, '|');
    if (fields.size() == 4) journal.phases[fields[0]] = {fields[1], fields[2], fields[3]};
    if (fields.size() == 5) journal.steps[fields[0]] = {fields[1], fields[2], fields[3], fields[4] == "t"};
    if (fields.size() == 2) {
      bundle::Step& step = b.phases.emplace_back().steps.emplace_back();
      step.id = fields[0];
      step.up.journal = fields[1];
    }
  }
  const auto found = differences(journal, b);
  std::size_t present = 0;
  for (const auto& [id, step] : journal.steps) present += journal.present(step.phase);
  expect(found.size() <= present, "only steps of phases that are here differ");
}

void try_array(const std::string& text) {
  const auto values = db::catalog::from_array(text);
  const auto written = db::catalog::to_array(values);
  if (values.empty()) return;
  expect(db::catalog::from_array(written) == values, "an array comes out as it went in", written);
}

// PostgreSQL's own scanner reads a quoted text back as it was.
void try_quotes(const std::string& text) {
  if (text.empty() || text.find('\0') != std::string::npos) return;
  const lint::ParsedSql literal("SELECT" + (" " + db::quote_literal(text)));
  const auto& value = *literal.statements().at(0)->select_stmt->target_list[0]->res_target->val;
  expect(literal.statements().size() == 1 && value.node_case == PG_QUERY__NODE__NODE_A_CONST &&
             value.a_const->sval->sval == text,
         "a literal is one", text);
  if (text.size() > 63) return;
  const lint::ParsedSql name("DROP TABLE " + db::quote_identifier(text));
  const auto& list = *name.statements().at(0)->drop_stmt->objects[0]->list;
  expect(name.statements().size() == 1 && list.n_items == 1 && list.items[0]->string->sval == text,
         "an identifier is one", text);
}

std::string password_in(const std::string& address, bool* accepted) {
  PQconninfoOption* options = PQconninfoParse(address.c_str(), nullptr);
  std::string found;
  *accepted = options != nullptr;
  for (auto* o = options; o && o->keyword; ++o) {
    if (o->val && std::string_view(o->keyword).ends_with("password")) found += o->val;
  }
  PQconninfoFree(options);
  return found;
}

// libpq says what is a password.
void try_address(const std::string& text) {
  const std::string address = text.c_str();
  bool accepted = false, still = false;
  password_in(address, &accepted);
  const std::string shown = db::address_without_password(address);
  db::without_password(text, address);
  if (!accepted) return;
  expect(password_in(shown, &still).empty(), "an address is shown without its password", address + "\n" + shown);
  expect(still, "an address can be used as it is shown", address + "\n" + shown);
}

}  // namespace
}  // namespace rekey::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rekey::fuzz;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto lines = split(text, '\n');
  try_journal(lines);
  try_array(text);
  try_quotes(text);
  try_address(text);
  const auto said = rekey::db::parse_server_message(text);
  expect(said.message.size() + said.detail.size() + said.hint.size() <= size, "a message is taken apart");
  rekey::foreign_key_target(text);
  rekey::table({lines, split(text, ' ')});
  rekey::wrapped(text);
  rekey::shell(text);
  return 0;
}
