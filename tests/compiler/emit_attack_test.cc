// Names as attacks: a plan with hostile names gives the same statements as one with plain names, and what
// is a comment stays one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sstream>

#include "compiler/lint/parse_sql.h"
#include "compiler/plan/names.h"
#include "compiler/plan/print.h"
#include "tests/compiler/compiled.h"

namespace rekey {
namespace {

// Every kind of name and text that a plan has, made of one text.
std::string plan_with(const std::string& text) {
  auto scalar = [](const std::string& s) { return plan::yaml_scalar(s, true); };
  auto name = [&](const char* prefix) { return prefix + text; };
  auto table = [&](const char* prefix) { return to_text(plan::TableName{name("s"), name(prefix)}); };
  return fmt::format(
      R"(version: 1
name: p
phases:
  - {{name: foundation, kind: foundation}}
  - name: all
    tables: [{users}, {orders}, {times}]
    reason: {reason}
    probes: [{{name: {probe}, query: "true"}}]
new_keys: {{schema: {schema}}}
tables:
  ? {users}
  : primary_key: {id}
    columns:
      {id}: {{type: integer, sequence: {sequence}}}
  ? {orders}
  : primary_key: [{id}, {ref}]
    columns:
      {id}: {{type: bigint, identity: always, sequence: {sequence}}}
      {ref}: integer
    foreign_keys:
      {fk}: {{columns: {ref}, references: {reference}, comment: {comment}}}
  ? {times}
  : primary_key: {id}
    generator: v7
    time_column: {time}
    inventory: {{time_column: {time}, owner_column: {id}}}
    decision: {{scope: full, reason: {reason}, date: {probe}}}
    columns:
      {id}: integer
dependents:
  - {{kind: function, name: public.f(), as_is: {reason}}}
)",
      fmt::arg("users", scalar(table("u"))), fmt::arg("orders", scalar(table("o"))),
      fmt::arg("times", scalar(table("t"))), fmt::arg("reason", scalar(name("r"))),
      fmt::arg("probe", scalar(name("p"))), fmt::arg("schema", scalar(name("s"))),
      fmt::arg("id", scalar(name("i"))), fmt::arg("ref", scalar(name("f"))),
      fmt::arg("sequence", scalar(table("q"))), fmt::arg("fk", scalar(name("k"))),
      fmt::arg("reference", scalar(table("u"))), fmt::arg("comment", scalar(name("c"))), fmt::arg("time", scalar(name("z"))));
}

const char* const kAttacks[] = {
    "\"; DROP TABLE x; --",
    "'; DROP TABLE x; --",
    "\\'; DROP TABLE x; --",
    "\n; DROP TABLE x; --",
    "\r\nDROP TABLE x;\r\n",
    "\n-- step 020.open · offline\nSELECT 1;\n",
    "*/ DROP TABLE x; /*",
    "/*",
    "--",
    "$query$; DROP TABLE x; $query$",
    "$query",
    "$body$",
    "{{x}}",
    "{{{x}}}",
    "{{#tables}}",
    "{{/tables}}{{=<% %>=}}",
    "\n%up\n",
    "%down",
    "\x01\n; DROP TABLE x;\x01\n",
    "\x1b[2J",
    ":name",
    "\n\\! touch /tmp/x\n",
    "| a | b |\n|---|---|",
    "```\n# Approved\n```mermaid",
    "\"]\n  evil[\"",
    "%s{}{0}",
    "\xE2\x80\xA8; DROP TABLE x;",
    "größe 表",
    "select",
    ".",
    "(), ",
};

// The kinds of the statements, in order.
std::vector<int> kinds(const std::string& text) {
  const lint::ParsedSql parsed(text);
  std::vector<int> out;
  for (const auto* node : parsed.statements()) out.push_back(node->node_case);
  return out;
}

// Whatever no statement covers: comments and blank lines alone.
std::string not_comment(const std::string& text) {
  std::string between;
  std::size_t from = 0;
  for (const auto& s : lint::statements_in(text)) {
    between += text.substr(from, s.offset - from) + "\n";
    from = s.offset + s.length;
  }
  std::istringstream lines(between + text.substr(from));
  std::string line, out;
  while (std::getline(lines, line)) {
    if (!line.empty() && !line.starts_with("--")) out += line + "\n";
  }
  return out;
}

// The page's lines that give it its shape: headings, fences, table rows by their number of cells.
std::string shape(const std::string& page) {
  std::istringstream lines(page);
  std::string line, out;
  while (std::getline(lines, line)) {
    if (line.starts_with("## ") || line.starts_with("```")) out += line + "\n";
    if (!line.starts_with("|")) continue;
    int bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
    out += fmt::format("{} bars\n", bars);
  }
  return out;
}

TEST(EmitAttack, SameStatementsWhateverTheNames) {
  const Stages plain(plan_with("x"));
  ASSERT_TRUE(plain.ok()) << plain.diagnostics.render();
  const auto expected = plain.emitted();
  for (const char* attack : kAttacks) {
    SCOPED_TRACE(attack);
    const Stages stages(plan_with(attack));
    ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
    const auto emitted = stages.emitted();
    ASSERT_EQ(emitted.files.size(), expected.files.size());
    for (const auto& [path, text] : expected.files) {
      const auto& hostile = emitted.files.at(path);
      if (path == "REVIEW.md") {
        EXPECT_EQ(shape(hostile), shape(text)) << hostile;
      }
      if (!path.ends_with(".sql")) continue;
      EXPECT_EQ(kinds(hostile), kinds(text)) << path;
      EXPECT_EQ(not_comment(hostile), "") << path;
    }
  }
}

// The names arrive in the statements as they were written.
TEST(EmitAttack, NamesArrive) {
  for (const char* attack : kAttacks) {
    SCOPED_TRACE(attack);
    const auto emitted = Stages(plan_with(attack)).emitted();
    const lint::ParsedSql parsed(emitted.files.at("020-all/up.sql"));
    int rewritten = 0, commented = 0;
    for (const auto* node : parsed.statements()) {
      if (node->node_case == PG_QUERY__NODE__NODE_COMMENT_STMT) {
        EXPECT_EQ(node->comment_stmt->comment, std::string("c") + attack);
        ++commented;
      }
      if (node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT) continue;
      const auto& alter = *node->alter_table_stmt;
      EXPECT_EQ(alter.relation->schemaname, std::string("s") + attack);
      for (std::size_t i = 0; i < alter.n_cmds; ++i) {
        const auto& command = *alter.cmds[i]->alter_table_cmd;
        if (command.subtype != PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType) continue;
        EXPECT_EQ(std::string(command.name).substr(1), attack);
        ++rewritten;
      }
    }
    EXPECT_EQ(rewritten, 4);
    EXPECT_EQ(commented, 1);
  }
}

// Labels become names of folders: what could leave the folder is refused.
TEST(EmitAttack, LabelsAreRefused) {
  for (const char* label : {"../up", "a/b", "a\nb", ".hidden", "a'b", "a\"b", "{{x}}", "a;b", "`a`", "-- a\n"}) {
    const auto scalar = plan::yaml_scalar(label, true);
    EXPECT_FALSE(Stages("version: 1\nname: " + scalar + "\ntables: {}\n").ok()) << label;
    EXPECT_FALSE(Stages("version: 1\nname: p\nphases: [{name: f, kind: foundation}, {name: " + scalar +
                        ", tables: a.b}]\ntables: {a.b: {primary_key: id, columns: {id: integer}}}\n").ok()) << label;
  }
}

// A derived phase is named for a table: its folder stays inside the bundle.
TEST(EmitAttack, FoldersOfDerivedPhases) {
  const Stages stages(R"(
version: 1
name: p
tables:
  'a."../../etc"': {primary_key: id, columns: {id: integer}}
  a.b:
    columns: {x: integer}
    foreign_keys: {f: {columns: x, references: 'a."../../etc"'}}
)");
  ASSERT_TRUE(stages.ok()) << stages.diagnostics.render();
  const auto emitted = stages.emitted();
  EXPECT_EQ(emitted.bundle.phases.at(1).folder, "020--etc");
}

}  // namespace
}  // namespace rekey
