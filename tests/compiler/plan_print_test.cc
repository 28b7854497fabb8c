// Plans as they are printed, and that printing loses nothing.
#include <gtest/gtest.h>

#include <set>

#include "compiler/plan/fields.h"
#include "compiler/plan/names.h"
#include "compiler/plan/parse.h"
#include "compiler/plan/print.h"

namespace rekey::plan {
namespace {

Plan parsed(const std::string& text) {
  Diagnostics diagnostics("plan.yaml", text);
  Plan plan = parse(text, diagnostics);
  EXPECT_EQ(diagnostics.render(), "");
  return plan;
}

struct Case {
  const char* text;
  const char* printed;
};

const Case kCases[] = {
    {"version: 1\nname: p\ntables: {}\n", "version: 1\nname: p\n\ntables: {}\n"},
    // Defaults go.
    {"{version: 1, name: p, strategy: offline, generator: ordered, phases: [], tables: {a.b: "
     "{change: "
     "rekey, columns: {}}}}",
     "version: 1\nname: p\n\ntables:\n  a.b: {}\n"},
    // Short forms, flow where it fits, a blank line between tables.
    {R"(
version: 1
name: p
new_keys:
  schema: ext
phases:
- {name: f, kind: foundation, probes: [{name: x, query: SELECT true}]}
tables:
  a.b:
    columns: {id: {type: integer}, u: {type: bigint, identity: by default}}
    unique: {k: {columns: id}}
    indexes: {i: {definition: btree (id)}}
  a.c:
    primary_key: id
    foreign_keys: {f: {columns: id, references: a.b, valid: true, on_delete: set null}}
)",
     R"(version: 1
name: p
new_keys: {schema: ext}

phases:
  - name: f
    kind: foundation
    probes:
      - {name: x, query: SELECT true}

tables:
  a.b:
    columns:
      id: integer
      u: {type: bigint, identity: by default}
    unique:
      k: [id]
    indexes:
      i: btree (id)

  a.c:
    primary_key: [id]
    foreign_keys:
      f: {columns: [id], references: a.b, on_delete: set null}
)"},
    // What does not fit in 100 columns stands in a block.
    {R"(
version: 1
name: p
phases: [{name: t, tables: [public.a_table_with_a_long_name, public.another_table_with_a_long_name, public.third_one]}]
tables:
  a.b:
    foreign_keys: {f: {columns: [first_column, second_column], references: 'a.c (first_column, second_column)', on_delete: set null}}
)",
     R"(version: 1
name: p

phases:
  - name: t
    tables:
      - public.a_table_with_a_long_name
      - public.another_table_with_a_long_name
      - public.third_one

tables:
  a.b:
    foreign_keys:
      f:
        columns: [first_column, second_column]
        references: a.c (first_column, second_column)
        on_delete: set null
)"},
    // SQL keeps its lines.
    {R"(
version: 1
name: p
tables: {a.b: {}}
dependents:
  - {kind: view, name: a.v, uses: a.b, definition: "CREATE VIEW a.v AS\n SELECT b.x\n\n   FROM a.b;\n"}
  - {kind: trigger, name: t, table: a.b, drop: "DROP\n", as_is: "one\ntwo"}
)",
     R"(version: 1
name: p

tables:
  a.b: {}

dependents:
  - kind: view
    name: a.v
    uses: [a.b]
    definition: |
      CREATE VIEW a.v AS
       SELECT b.x

         FROM a.b;
  - kind: trigger
    name: t
    table: a.b
    as_is: |-
      one
      two
    drop: |
      DROP
)"},
};

TEST(PlanPrint, Printed) {
  for (const Case& c : kCases) {
    EXPECT_EQ(print(parsed(c.text)), c.printed);
    EXPECT_EQ(print(parsed(c.printed)), c.printed);
  }
}

TEST(PlanPrint, Comments) {
  Comments comments{{"drafted from a catalog", "", "two\nlines"},
                    {{{"a", "c"}, {"no primary key"}}}};
  EXPECT_EQ(
      print(parsed("{version: 1, name: p, tables: {a.b: {}, a.c: {}}}"), comments),
      "# drafted from a catalog\n#\n# two lines\n\nversion: 1\nname: p\n\ntables:\n  a.b: {}\n\n"
      "  # no primary key\n  a.c: {}\n");
}

TEST(PlanPrint, Scalars) {
  struct {
    const char *text, *block, *flow;
  } const cases[] = {
      {"plain", "plain", "plain"},
      {"with blanks", "with blanks", "with blanks"},
      {"a, b", "a, b", "\"a, b\""},
      {"a: b", "\"a: b\"", "\"a: b\""},
      {"a #b", "\"a #b\"", "\"a #b\""},
      {"a:", "\"a:\"", "\"a:\""},
      {"x[1]", "x[1]", "\"x[1]\""},
      {"", "\"\"", "\"\""},
      {" a", "\" a\"", "\" a\""},
      {"yes", "\"yes\"", "\"yes\""},
      {"NULL", "\"NULL\"", "\"NULL\""},
      {"12", "\"12\"", "\"12\""},
      {"-1.5e3", "\"-1.5e3\"", "\"-1.5e3\""},
      {"0x1F", "\"0x1F\"", "\"0x1F\""},
      {"2024-01-01", "\"2024-01-01\"", "\"2024-01-01\""},
      {".inf", "\".inf\"", "\".inf\""},
      {"2nd", "2nd", "2nd"},
      {"'0'::int", "\"'0'::int\"", "\"'0'::int\""},
      {"\"A\".b", "'\"A\".b'", "'\"A\".b'"},
      {"a.\"B\"", "a.\"B\"", "a.\"B\""},
      {"#'\"", "'#''\"'", "'#''\"'"},
      {"a\nb\t", "\"a\\nb\\t\"", "\"a\\nb\\t\""},
      {"\x1B\x7F", "\"\\x1B\\x7F\"", "\"\\x1B\\x7F\""},
      {"\xC2\x85\xE2\x80\xA8", "\"\\u0085\\u2028\"", "\"\\u0085\\u2028\""},
      {"größe 😀", "größe 😀", "größe 😀"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(yaml_scalar(c.text, false), c.block);
    EXPECT_EQ(yaml_scalar(c.text, true), c.flow);
  }
}

// Every name and text survives the trip, wherever it stands.
TEST(PlanPrint, OddTextsSurvive) {
  std::set<std::string> names = {"null",
                                 "~",
                                 "true",
                                 "no",
                                 "12",
                                 "0x1F",
                                 "1e3",
                                 "-",
                                 "--",
                                 "---",
                                 "...",
                                 "?",
                                 ":",
                                 "a:",
                                 ": a",
                                 "a: b",
                                 "# a",
                                 "a # b",
                                 "a#b",
                                 "[a]",
                                 "{a}",
                                 "a,b",
                                 "&a",
                                 "*a",
                                 "!a",
                                 "|",
                                 ">",
                                 "%a",
                                 "@a",
                                 "`a",
                                 "'",
                                 "\"",
                                 "''",
                                 "\"\"",
                                 "it's",
                                 "say \"x\"",
                                 "\\",
                                 "a\\",
                                 "\\n",
                                 " a",
                                 "a ",
                                 "a  b",
                                 "\t",
                                 "a\tb",
                                 "a\nb",
                                 "\n",
                                 "a\r\nb",
                                 "<<",
                                 "=",
                                 "é",
                                 "日本語",
                                 "😀",
                                 "\xC2\x85",
                                 "\xC2\xA0",
                                 "\xEF\xBB\xBF"
                                 "a",
                                 "a.b",
                                 "a(b)",
                                 "(",
                                 ".",
                                 "\x01",
                                 "\x7F",
                                 std::string(63, '"'),
                                 std::string(63, '\x01')};
  for (char a : std::string("-?:,[]{}#&*!|>'\"%@`\\. x1"))
    for (char b : std::string("-?:,[]{}#&*!|>'\"%@`\\. x1\n")) names.insert({a, b});
  const std::vector<std::string> odd(names.begin(), names.end());

  Plan plan;
  plan.version = {1, {}};
  plan.name = {"p", {}};
  auto text = [](const std::string& s) { return Text{s, {}}; };
  for (const std::string& name : odd) {
    Table t;
    t.name.value = {name, name};
    t.primary_key = {text(name), text("b")};
    t.columns.push_back({text(name), text("integer"), {}, {}, {}, {}, text(name), {}, text(name)});
    t.columns.push_back({text("x" + name.substr(0, 60)), text("integer"), {}, {}, {}, {}, {}, {}, {}});
    t.unique.push_back({text(name), {text(name)}});
    t.indexes.push_back({text(name), text(name)});
    ForeignKey key;
    key.name = text(name);
    key.columns = {text(name), text(name)};
    key.references.value = {{name, name}, {name, "b", name}};
    key.comment = text(name);
    t.foreign_keys.push_back(key);
    plan.tables.push_back(t);
    Dependent d;
    d.name = text(name);
    d.table.value = {name, name};
    d.definition = text(name + "\n" + name);
    plan.dependents.push_back(d);
  }
  std::string printed = print(plan);
  Plan again = parsed(printed);
  EXPECT_EQ(print(again), printed);
  ASSERT_EQ(again.tables.size(), odd.size());
  for (std::size_t i = 0; i < odd.size(); i++) {
    const Table& t = again.tables[i];
    EXPECT_EQ(t.name.value, (TableName{odd[i], odd[i]}));
    EXPECT_EQ(t.primary_key[0].value, odd[i]);
    EXPECT_EQ(t.columns[0].name.value, odd[i]);
    EXPECT_EQ(t.columns[0].default_value.value, odd[i]);
    EXPECT_EQ(t.columns[0].new_default.value, odd[i]);
    EXPECT_EQ(t.columns[1].name.value, "x" + odd[i].substr(0, 60));
    EXPECT_EQ(t.unique[0].name.value, odd[i]);
    EXPECT_EQ(t.unique[0].columns[0].value, odd[i]);
    EXPECT_EQ(t.indexes[0].definition.value, odd[i]);
    EXPECT_EQ(t.foreign_keys[0].columns[1].value, odd[i]);
    EXPECT_EQ(t.foreign_keys[0].references.value.table, (TableName{odd[i], odd[i]}));
    EXPECT_EQ(t.foreign_keys[0].references.value.columns,
              (std::vector<std::string>{odd[i], "b", odd[i]}));
    EXPECT_EQ(t.foreign_keys[0].comment.value, odd[i]);
    const Dependent& d = again.dependents[i];
    EXPECT_EQ(d.name.value, odd[i]);
    EXPECT_EQ(d.table.value, (TableName{odd[i], odd[i]}));
    EXPECT_EQ(d.definition.value, odd[i] + "\n" + odd[i]);
  }
}

// Every word of every field, written and read back.
TEST(PlanPrint, EveryWordSurvives) {
  for (const Object* object : all_objects())
    for (const Field& field : object->fields)
      for (const std::string& word : field.words) {
        const std::string written = yaml_scalar(word, true);
        const std::string line = std::string(field.key) + ": " + written;
        std::string head = "version: 1\nname: p\n", text;
        if (object->id == "plan") text = head + line + "\ntables: {}\n";
        if (object->id == "decision") text = head + "decision: {reason: r, " + line + "}\ntables: {}\n";
        if (object->id == "phase") text = head + "phases: [{name: f, " + line + "}]\ntables: {}\n";
        if (object->id == "check") text = head + "phases: [{name: f, checks: [{name: c, " + line + "}]}]\ntables: {}\n";
        if (object->id == "table") text = head + "tables: {a.b: {" + line + "}}\n";
        if (object->id == "column")
          text = head + "tables: {a.b: {columns: {c: {" +
                 (field.key == "type" ? "" : "type: bigint, ") + line + "}}}}\n";
        if (object->id == "foreignKey")
          text = head + "tables: {a.b: {foreign_keys: {f: {columns: c, references: a.b, " + line +
                 "}}}}\n";
        if (object->id == "logicalReference")
          text = head + "tables: {a.b: {logical_references: [{columns: c, references: a.b, " + line + "}]}}\n";
        if (object->id == "dependent")
          text = head + "tables: {}\ndependents: [{name: d, " + line + "}]\n";
        ASSERT_NE(text, "") << object->id;
        std::string printed = print(parsed(text));
        bool shown = word != field.standard;
        bool brief = object->id == "column" && field.key == "type";
        EXPECT_EQ(printed.find(brief ? "c: " + word : line) != std::string::npos, shown) << printed;
        EXPECT_EQ(print(parsed(printed)), printed);
      }
}

TEST(PlanPrint, StagesAreNumbersAndWaiversStandOnALine) {
  const std::string text = R"(version: 1
name: p

tables:
  a.b:
    where: c > 1
    stages: [50, 500, rest]
    order_by: c DESC

waivers:
  - {finding: rewritten-again, at: one, reason: they are small, until: "2026-12-31"}
)";
  EXPECT_EQ(print(parsed(text)), text);
}

TEST(PlanNames, Written) {
  EXPECT_EQ(to_text(TableName{"public", "Users"}), "public.Users");
  EXPECT_EQ(to_text(TableName{"my schema", "a\"b"}), "\"my schema\".\"a\"\"b\"");
  EXPECT_EQ(to_text(Reference{{"a", "b"}, {}}), "a.b");
  EXPECT_EQ(to_text(Reference{{"a", "b"}, {"c", "d.e"}}), "a.b (c, \"d.e\")");
}

TEST(PlanNames, ReadOrRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"a.b", "a.b"},
      {"a.b(c)", "a.b (c)"},
      {"a.b  ( c , d )", "a.b (c, d)"},
      {"\"a\".b", "a.b"},
      {"a", "-"},
      {"a.b.c", "-"},
      {"a.", "-"},
      {".b", "-"},
      {"a.b (", "-"},
      {"a.b ()", "-"},
      {"a.b (c) d", "-"},
      {"a.\"b", "-"},
      {"a.\"\"", "-"},
      {"a.b (c,)", "-"},
      {"", "-"},
  };
  for (const auto& [text, read] : cases) {
    auto reference = parse_reference(text);
    EXPECT_EQ(reference ? to_text(*reference) : "-", read) << text;
  }
}

}  // namespace
}  // namespace rekey::plan
