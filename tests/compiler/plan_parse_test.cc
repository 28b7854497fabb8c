// Plans with one thing wrong each: the text in, the whole rendered error out.
#include "compiler/plan/parse.h"

#include <gtest/gtest.h>

namespace rekey::plan {
namespace {

struct Case {
  std::string text;
  std::string rendered;
};

std::string errors_of(const std::string& text) {
  Diagnostics diagnostics("plan.yaml", text);
  parse(text, diagnostics);
  return diagnostics.render();
}

void expect(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(errors_of(c.text), c.rendered) << c.text;
}

// A plan with `lines` under the one table it has.
std::string table(const std::string& lines) {
  return "version: 1\nname: p\ntables:\n  public.t:\n" + lines + "\n";
}

// Without tables: `lines` at the top.
std::string top(const std::string& lines) { return "version: 1\nname: p\ntables: {}\n" + lines + "\n"; }

TEST(PlanParse, NotYaml) {
  expect({
      {"",
       "plan.yaml: error: the plan is empty [empty-plan]\n"
       "  start with \"version: 1\"\n"},
      {"# only a comment\n",
       "plan.yaml: error: the plan is empty [empty-plan]\n"
       "  start with \"version: 1\"\n"},
      {"---\n",
       "plan.yaml: error: the plan is empty [empty-plan]\n"
       "  start with \"version: 1\"\n"},
      {"a: \"x\n"
       "b: 1\n",
       "plan.yaml:1:4: error: this quote is never closed [unclosed-quote]\n"
       "a: \"x\n"
       "   ^\n"
       "  close it where the text ends; inside, a single quote is written '' and a double quote \\\"\n"},
      {"a: 'x",
       "plan.yaml:1:4: error: this quote is never closed [unclosed-quote]\n"
       "a: 'x\n"
       "   ^\n"
       "  close it where the text ends; inside, a single quote is written '' and a double quote \\\"\n"},
      {"a: [\"x\n",
       "plan.yaml:1:5: error: this quote is never closed [unclosed-quote]\n"
       "a: [\"x\n"
       "    ^\n"
       "  close it where the text ends; inside, a single quote is written '' and a double quote \\\"\n"},
      {"a: [1, 2\n",
       "plan.yaml:1:4: error: this [ is never closed [bad-yaml]\n"
       "a: [1, 2\n"
       "   ^\n"
       "  close the list with ]\n"},
      {"a: {b: 1\n",
       "plan.yaml:1:4: error: this { is never closed [bad-yaml]\n"
       "a: {b: 1\n"
       "   ^\n"
       "  close the map with }\n"},
      {"a: {b: 1} c: 2\n",
       "plan.yaml:1:11: error: this does not continue the keys above [bad-yaml]\n"
       "a: {b: 1} c: 2\n"
       "          ^\n"
       "  write \"key: value\" with the indentation of its neighbours, and nothing behind a closing quote or bracket\n"},
      {"a: 1\n"
       "...\n"
       "b\n",
       "plan.yaml:3:1: error: a plan is one YAML document, and here a second one starts [several-documents]\n"
       "b\n"
       "^\n"
       "  put each plan in a file of its own, and leave out \"---\" and \"...\"\n"},
      {"a: 1\n"
       "---\n"
       "b: 1\n",
       "plan.yaml:2:1: error: a plan is one YAML document, and here a second one starts [several-documents]\n"
       "---\n"
       "^\n"
       "  put each plan in a file of its own, and leave out \"---\" and \"...\"\n"},
      {"a: 1\n"
       "  b: 2\n",
       "plan.yaml:2:4: error: a \":\" where no key ends [bad-yaml]\n"
       "  b: 2\n"
       "   ^\n"
       "  indent a key like its neighbours; put a text that contains \": \" in quotes\n"},
      {"a: b: c\n",
       "plan.yaml:1:5: error: a \":\" where no key ends [bad-yaml]\n"
       "a: b: c\n"
       "    ^\n"
       "  indent a key like its neighbours; put a text that contains \": \" in quotes\n"},
      {"a:\n"
       "\t- b\n",
       "plan.yaml:2:1: error: a tab in the indentation [bad-yaml]\n"
       "\t- b\n"
       "^\n"
       "  indent with blanks\n"},
      {"a: \"x\" y\n",
       "plan.yaml:1:8: error: this does not continue the keys above [bad-yaml]\n"
       "a: \"x\" y\n"
       "       ^\n"
       "  write \"key: value\" with the indentation of its neighbours, and nothing behind a closing quote or bracket\n"},
      {"a: 1\n"
       "- b\n",
       "plan.yaml:2:1: error: this does not continue the keys above [bad-yaml]\n"
       "- b\n"
       "^\n"
       "  write \"key: value\" with the indentation of its neighbours, and nothing behind a closing quote or bracket\n"},
      {"a:\n"
       "  - 1\n"
       "  b: 2\n",
       "plan.yaml:3:3: error: this does not continue the keys above [bad-yaml]\n"
       "  b: 2\n"
       "  ^\n"
       "  write \"key: value\" with the indentation of its neighbours, and nothing behind a closing quote or bracket\n"},
      {"a: @x\n",
       "plan.yaml:1:4: error: no text starts with this character without quotes [bad-yaml]\n"
       "a: @x\n"
       "   ^\n"
       "  put the text in quotes\n"},
      {"a: [1, 2]]\n",
       "plan.yaml:1:10: error: a bracket that closes nothing [bad-yaml]\n"
       "a: [1, 2]]\n"
       "         ^\n"
       "  leave it out, or put the text in quotes\n"},
      {"a: - b\n",
       "plan.yaml:1:4: error: a \"-\" where no list can stand [bad-yaml]\n"
       "a: - b\n"
       "   ^\n"
       "  start the list on a line of its own, or write it in brackets: [a, b]\n"},
      {"a: \"\\q\"\n",
       "plan.yaml:1:7: error: unknown escape character: q [bad-yaml]\n"
       "a: \"\\q\"\n"
       "      ^\n"
       "  write \\\\ for a backslash, or use single quotes, which take it as it is\n"},
      {"a: *k\n",
       "plan.yaml:1:4: error: a plan has no YAML aliases [yaml-alias]\n"
       "a: *k\n"
       "   ^\n"
       "  write the value out; put a text that starts with \"*\" in quotes\n"},
      {"a: \xFF\n",
       "plan.yaml:1:4: error: the byte 0xFF is not UTF-8 here [bad-encoding]\n"
       "a: �\n"
       "   ^\n"
       "  save the plan in UTF-8\n"},
      {"ab: \xC3\xA9\x04" "b\n",
       "plan.yaml:1:6: error: a control character, 0x04 [bad-encoding]\n"
       "ab: é�b\n"
       "     ^\n"
       "  leave it out, or write \"\\x04\" in double quotes\n"},
      {"\xFF\xFE" "a",
       "plan.yaml:1:1: error: the byte 0xFF is not UTF-8 here [bad-encoding]\n"
       "��a\n"
       "^\n"
       "  save the plan in UTF-8\n"},
      {"- a\n",
       "plan.yaml:1:1: error: the plan is a map of keys, not a list [wrong-kind]\n"
       "- a\n"
       "^\n"
       "  its keys are version, name, server, strategy, generator, new_keys, lock_timeout, maintenance_work_mem, backfill, bridge, decision, extension, phases, tables, dependents, waivers\n"},
      {"x\n",
       "plan.yaml:1:1: error: the plan is a map of keys, not \"x\" [wrong-kind]\n"
       "x\n"
       "^\n"
       "  its keys are version, name, server, strategy, generator, new_keys, lock_timeout, maintenance_work_mem, backfill, bridge, decision, extension, phases, tables, dependents, waivers\n"},
  });
}

TEST(PlanParse, Keys) {
  expect({
      {top("servr: 15"),
       "plan.yaml:4:1: error: unknown key \"servr\" in the plan [unknown-key]\n"
       "servr: 15\n"
       "^~~~~\n"
       "  did you mean \"server\"?\n"},
      {top("frobnicate: 15"),
       "plan.yaml:4:1: error: unknown key \"frobnicate\" in the plan [unknown-key]\n"
       "frobnicate: 15\n"
       "^~~~~~~~~~\n"
       "  the keys here are version, name, server, strategy, generator, new_keys, lock_timeout, maintenance_work_mem, backfill, bridge, decision, extension, phases, tables, dependents, waivers\n"},
      {top("server: 15\n"
            "server: 14"),
       "plan.yaml:5:1: error: \"server\" is given twice [duplicate-key]\n"
       "server: 14\n"
       "^~~~~~\n"
       "  leave out one of them\n"
       "plan.yaml:4:1: note: first defined here\n"
       "server: 15\n"
       "^~~~~~\n"},
      {table("    columns: {a: integer, 'a': bigint}"),
       "plan.yaml:5:27: error: \"a\" is given twice [duplicate-key]\n"
       "    columns: {a: integer, 'a': bigint}\n"
       "                          ^~~\n"
       "  leave out one of them\n"
       "plan.yaml:5:15: note: first defined here\n"
       "    columns: {a: integer, 'a': bigint}\n"
       "              ^\n"},
      {"version: 1\n"
       "name: p\n"
       "tables:\n"
       "  public.t: {}\n"
       "  '\"public\".\"t\"': {}\n",
       "plan.yaml:5:3: error: public.t is given twice [duplicate-key]\n"
       "  '\"public\".\"t\"': {}\n"
       "  ^~~~~~~~~~~~~~\n"
       "  leave out one of them\n"
       "plan.yaml:4:3: note: first defined here\n"
       "  public.t: {}\n"
       "  ^~~~~~~~\n"},
      {table("    <<: {change: keep}"),
       "plan.yaml:5:5: error: a plan has no YAML merges [merge-key]\n"
       "    <<: {change: keep}\n"
       "    ^~\n"
       "  write the keys out where they belong\n"},
      {table("    columns: {null: integer}"),
       "plan.yaml:5:15: error: YAML reads null as nothing, not as a name [key-not-text]\n"
       "    columns: {null: integer}\n"
       "              ^\n"
       "  write it in quotes: \"null\"\n"},
      {table("    ? [a]\n"
            "    : b"),
       "plan.yaml:5:7: error: a key of a plan is a text [key-not-text]\n"
       "    ? [a]\n"
       "      ^\n"
       "  write \"key: value\"\n"},
      {top("server: !!int 15"),
       "plan.yaml:4:9: error: a plan has no YAML tags [yaml-tag]\n"
       "server: !!int 15\n"
       "        ^\n"
       "  leave out what starts with \"!\"; text that looks like a number is written in quotes\n"
       "plan.yaml:4:9: error: \"server\" takes a whole number, not \"15\" [wrong-kind]\n"
       "server: !!int 15\n"
       "        ^\n"
       "  for example server: 15\n"},
      {"name: p\n"
       "tables: {}\n",
       "plan.yaml:1:1: error: the plan has no \"version\" [missing-key]\n"
       "name: p\n"
       "^\n"
       "  add version: 1\n"},
      {"version: 2\n"
       "anything: else\n",
       "plan.yaml:1:10: error: this rekeyc reads version 1, not 2 [unknown-version]\n"
       "version: 2\n"
       "         ^\n"
       "  use the rekeyc that fits the plan, or write version: 1\n"},
      {top("phases: [{kind: cleanup}]"),
       "plan.yaml:4:10: error: this phase has no \"name\" [missing-key]\n"
       "phases: [{kind: cleanup}]\n"
       "         ^\n"
       "  add name: users\n"},
      {top("phases: [{name: a, probes: [{name: b}]}]"),
       "plan.yaml:4:29: error: this probe has no \"query\" [missing-key]\n"
       "phases: [{name: a, probes: [{name: b}]}]\n"
       "                            ^\n"
       "  add query: SELECT count(*) > 0 FROM public.users\n"},
      {table("    columns:\n"
            "      a: {sequence: public.s}"),
       "plan.yaml:6:7: error: column a has no \"type\" [missing-key]\n"
       "      a: {sequence: public.s}\n"
       "      ^\n"
       "  add type: integer\n"},
      {table("    foreign_keys:\n"
            "      f: {columns: [a], refernces: public.t}"),
       "plan.yaml:6:7: error: foreign key f has no \"references\" [missing-key]\n"
       "      f: {columns: [a], refernces: public.t}\n"
       "      ^\n"
       "  add references: public.users (user_id)\n"
       "plan.yaml:6:25: error: unknown key \"refernces\" in foreign key f [unknown-key]\n"
       "      f: {columns: [a], refernces: public.t}\n"
       "                        ^~~~~~~~~\n"
       "  did you mean \"references\"?\n"},
      {top("dependents: [{kind: view}]"),
       "plan.yaml:4:14: error: this dependent has no \"name\" [missing-key]\n"
       "dependents: [{kind: view}]\n"
       "             ^\n"
       "  add name: public.active_users\n"},
  });
}

TEST(PlanParse, Values) {
  expect({
      {top("server:"),
       "plan.yaml:4:1: error: \"server\" has no value [missing-value]\n"
       "server:\n"
       "^~~~~~\n"
       "  write server: 15, or leave the key out\n"},
      {top("server: fifteen"),
       "plan.yaml:4:9: error: \"server\" takes a whole number, not \"fifteen\" [wrong-kind]\n"
       "server: fifteen\n"
       "        ^~~~~~~\n"
       "  for example server: 15\n"},
      {top("server: \"15\""),
       "plan.yaml:4:9: error: \"server\" takes a whole number, not \"15\" [wrong-kind]\n"
       "server: \"15\"\n"
       "        ^~~~\n"
       "  for example server: 15\n"},
      {top("server: 010"),
       "plan.yaml:4:9: error: 010 starts with 0, which some read as an octal number [bad-integer]\n"
       "server: 010\n"
       "        ^~~\n"
       "  write 10\n"},
      {top("server: 12"),
       "plan.yaml:4:9: error: \"server\" is from 13 to 18, not 12 [out-of-range]\n"
       "server: 12\n"
       "        ^~\n"
       "  for example server: 15\n"},
      {top("server: 99999999999"),
       "plan.yaml:4:9: error: \"server\" is from 13 to 18, not 99999999999 [out-of-range]\n"
       "server: 99999999999\n"
       "        ^~~~~~~~~~~\n"
       "  for example server: 15\n"},
      {"version: 01\n"
       "name: p\n"
       "tables: {}\n",
       "plan.yaml:1:10: error: 01 starts with 0, which some read as an octal number [bad-integer]\n"
       "version: 01\n"
       "         ^~\n"
       "  write 1\n"},
      {top("strategy: offlin"),
       "plan.yaml:4:11: error: \"strategy\" takes offline or online, not \"offlin\" [unknown-word]\n"
       "strategy: offlin\n"
       "          ^~~~~~\n"
       "  did you mean \"offline\"?\n"},
      {top("generator: uuid"),
       "plan.yaml:4:12: error: \"generator\" takes ordered, keyed, v4, v5, v7 or expression, not \"uuid\" [unknown-word]\n"
       "generator: uuid\n"
       "           ^~~~\n"
       "  for example generator: ordered\n"},
      {top("generator: [v4]"),
       "plan.yaml:4:12: error: \"generator\" takes ordered, keyed, v4, v5, v7 or expression, not a list [wrong-kind]\n"
       "generator: [v4]\n"
       "           ^\n"
       "  for example generator: ordered\n"},
      {table("    change: sql"),
       "plan.yaml:5:13: error: \"change: sql\" is not available yet [not-available]\n"
       "    change: sql\n"
       "            ^~~\n"
       "  write rekey or keep\n"},
      {table("    change: rename"),
       "plan.yaml:5:13: error: \"change\" takes rekey or keep, not \"rename\" [unknown-word]\n"
       "    change: rename\n"
       "            ^~~~~~\n"
       "  for example change: keep\n"},
      {table("    columns: {a: text}"),
       "plan.yaml:5:18: error: column a takes smallint, integer, bigint, smallint[], integer[], bigint[], uuid, uuid[] or jsonb, not \"text\" [unknown-word]\n"
       "    columns: {a: text}\n"
       "                 ^~~~\n"
       "  only integers and UUIDs get new keys; leave out columns that hold no such key\n"},
      {table("    columns:\n"
            "      a: {type: int8}"),
       "plan.yaml:6:17: error: \"type\" takes smallint, integer, bigint, smallint[], integer[], bigint[], uuid, uuid[] or jsonb, not \"int8\" [unknown-word]\n"
       "      a: {type: int8}\n"
       "                ^~~~\n"
       "  did you mean \"bigint\"?\n"},
      {table("    columns: {a: {type: integer, identity: never}}"),
       "plan.yaml:5:44: error: \"identity\" takes always or by default, not \"never\" [unknown-word]\n"
       "    columns: {a: {type: integer, identity: never}}\n"
       "                                           ^~~~~\n"
       "  for example identity: always\n"},
      {table("    foreign_keys: {f: {columns: a, references: public.t, on_delete: SET NULL}}"),
       "plan.yaml:5:69: error: \"on_delete\" takes no action, restrict, cascade, set null or set default, not \"SET NULL\" [unknown-word]\n"
       "    foreign_keys: {f: {columns: a, references: public.t, on_delete: SET NULL}}\n"
       "                                                                    ^~~~~~~~\n"
       "  did you mean \"set null\"?\n"},
      {table("    foreign_keys: {f: {columns: a, references: public.t, valid: no}}"),
       "plan.yaml:5:65: error: \"valid\" takes true or false, not \"no\" [wrong-kind]\n"
       "    foreign_keys: {f: {columns: a, references: public.t, valid: no}}\n"
       "                                                                ^~\n"
       "  for example valid: false\n"},
      {top("lock_timeout: 2"),
       "plan.yaml:4:15: error: \"lock_timeout\" takes a time with its unit, not \"2\" [wrong-kind]\n"
       "lock_timeout: 2\n"
       "              ^\n"
       "  for example lock_timeout: 2s\n"},
      {top("lock_timeout: 0s"),
       "plan.yaml:4:15: error: \"lock_timeout\" is from 1ms to 596h, not 0s [out-of-range]\n"
       "lock_timeout: 0s\n"
       "              ^~\n"
       "  for example lock_timeout: 2s\n"},
      {top("lock_timeout: 600h"),
       "plan.yaml:4:15: error: \"lock_timeout\" is from 1ms to 596h, not 600h [out-of-range]\n"
       "lock_timeout: 600h\n"
       "              ^~~~\n"
       "  for example lock_timeout: 2s\n"},
      {top("maintenance_work_mem: 256mb"),
       "plan.yaml:4:23: error: \"maintenance_work_mem\" takes a size with its unit, not \"256mb\" [wrong-kind]\n"
       "maintenance_work_mem: 256mb\n"
       "                      ^~~~~\n"
       "  for example maintenance_work_mem: 256MB\n"},
      {top("maintenance_work_mem: 64kB"),
       "plan.yaml:4:23: error: \"maintenance_work_mem\" is from 1MB to 2047GB, not 64kB [out-of-range]\n"
       "maintenance_work_mem: 64kB\n"
       "                      ^~~~\n"
       "  for example maintenance_work_mem: 256MB\n"},
      {top("new_keys: public"),
       "plan.yaml:4:11: error: \"new_keys\" is a map of keys, not \"public\" [wrong-kind]\n"
       "new_keys: public\n"
       "          ^~~~~~\n"
       "  its keys are schema, expression\n"},
      {top("decision: {scope: hybrid, date: 2025-03-01}"),
       "plan.yaml:4:1: error: \"decision\" has no \"reason\" [missing-key]\n"
       "decision: {scope: hybrid, date: 2025-03-01}\n"
       "^~~~~~~~\n"
       "  add reason: whoever has a file must find its row\n"},
      {table("    decision: {scope: forward-only, reason: a}"),
       "plan.yaml:5:23: error: \"scope\" takes full, hybrid or forward_only, not \"forward-only\" [unknown-word]\n"
       "    decision: {scope: forward-only, reason: a}\n"
       "                      ^~~~~~~~~~~~\n"
       "  did you mean \"forward_only\"?\n"},
      {table("    inventory: created_at"),
       "plan.yaml:5:16: error: \"inventory\" is a map of keys, not \"created_at\" [wrong-kind]\n"
       "    inventory: created_at\n"
       "               ^~~~~~~~~~\n"
       "  its keys are unprocessed, time_column, owner_column, where\n"},
      {top("phases: {name: a}"),
       "plan.yaml:4:9: error: \"phases\" is a list, not a map [wrong-kind]\n"
       "phases: {name: a}\n"
       "        ^\n"
       "  write phases: [{name: foundation, kind: foundation}]\n"},
      {top("phases: [a]"),
       "plan.yaml:4:10: error: this phase is a map of keys, not \"a\" [wrong-kind]\n"
       "phases: [a]\n"
       "         ^\n"
       "  its keys are name, kind, tables, strategy, risk, reason, checkpoint, probes, checks, sql, indexes\n"},
      {table("    columns: [a]"),
       "plan.yaml:5:14: error: \"columns\" is a map by name, not a list [wrong-kind]\n"
       "    columns: [a]\n"
       "             ^\n"
       "  write columns: {user_id: integer}\n"},
      {table("    columns: {a: }"),
       "plan.yaml:5:15: error: column a has no value [missing-value]\n"
       "    columns: {a: }\n"
       "              ^\n"
       "  write integer\n"},
      {table("    primary_key: {a: b}"),
       "plan.yaml:5:18: error: \"primary_key\" takes a name or a list of names, not a map [wrong-kind]\n"
       "    primary_key: {a: b}\n"
       "                 ^\n"
       "  for example primary_key: [user_id]\n"},
      {table("    primary_key: [a, [b]]"),
       "plan.yaml:5:22: error: \"primary_key\" takes a name or a list of names, not a list [wrong-kind]\n"
       "    primary_key: [a, [b]]\n"
       "                     ^\n"
       "  for example primary_key: [user_id]\n"},
      {table("    time_column: ''"),
       "plan.yaml:5:18: error: \"time_column\" is empty [missing-value]\n"
       "    time_column: ''\n"
       "                 ^~\n"
       "  for example time_column: created_at\n"},
      {table("    indexes: {i: \"btree (a\\0)\"}"),
       "plan.yaml:5:18: error: index i contains the character 0x00 [bad-text]\n"
       "    indexes: {i: \"btree (a\\0)\"}\n"
       "                 ^~~~~~~~~~~~~\n"
       "  leave it out; PostgreSQL has no such texts\n"},
  });
}

TEST(PlanParse, Names) {
  expect({
      {"version: 1\n"
       "name: a/b\n"
       "tables: {}\n",
       "plan.yaml:2:7: error: \"name\" cannot be \"a/b\" [bad-name]\n"
       "name: a/b\n"
       "      ^~~\n"
       "  use letters, digits, blanks, \".\", \"-\" and \"_\"; begin with a letter or digit\n"},
      {"version: 1\n"
       "name: \"a\\nb\"\n"
       "tables: {}\n",
       "plan.yaml:2:7: error: \"name\" cannot be \"a�b\" [bad-name]\n"
       "name: \"a\\nb\"\n"
       "      ^~~~~~\n"
       "  use letters, digits, blanks, \".\", \"-\" and \"_\"; begin with a letter or digit\n"},
      {"version: 1\n"
       "name: p\n"
       "tables: {users: {}}\n",
       "plan.yaml:3:10: error: \"users\" is not a name with its schema [bad-name]\n"
       "tables: {users: {}}\n"
       "         ^~~~~\n"
       "  write schema and name, for example public.users\n"},
      {"version: 1\n"
       "name: p\n"
       "tables: {db.public.users: {}}\n",
       "plan.yaml:3:10: error: \"db.public.users\" is not a name with its schema [bad-name]\n"
       "tables: {db.public.users: {}}\n"
       "         ^~~~~~~~~~~~~~~\n"
       "  a name that contains a dot, a quote, a parenthesis, a comma or a blank stands in double quotes: public.\"odd.name\"\n"},
      {top("phases: [{name: a, tables: [users, [x]]}]"),
       "plan.yaml:4:29: error: \"users\" is not a name with its schema [bad-name]\n"
       "phases: [{name: a, tables: [users, [x]]}]\n"
       "                            ^~~~~\n"
       "  write schema and name, for example public.users\n"
       "plan.yaml:4:36: error: \"tables\" takes a table name or a list of them, not a list [wrong-kind]\n"
       "phases: [{name: a, tables: [users, [x]]}]\n"
       "                                   ^\n"
       "  for example tables: [public.users, public.orders]\n"},
      {table("    columns: {a: {type: integer, sequence: t_a_seq}}"),
       "plan.yaml:5:44: error: \"t_a_seq\" is not a name with its schema [bad-name]\n"
       "    columns: {a: {type: integer, sequence: t_a_seq}}\n"
       "                                           ^~~~~~~\n"
       "  write schema and name, for example public.t_a_seq\n"},
      {table("    foreign_keys: {f: {columns: a, references: users (id)}}"),
       "plan.yaml:5:48: error: \"users (id)\" is not a table with its schema and columns [bad-reference]\n"
       "    foreign_keys: {f: {columns: a, references: users (id)}}\n"
       "                                               ^~~~~~~~~~\n"
       "  write it like public.users (user_id); a name that contains a dot, a quote, a parenthesis, a comma or a blank stands in double quotes: public.\"odd.name\"\n"},
      {table("    foreign_keys: {f: {columns: a, references: public.users (id}}"),
       "plan.yaml:5:48: error: \"public.users (id\" is not a table with its schema and columns [bad-reference]\n"
       "    foreign_keys: {f: {columns: a, references: public.users (id}}\n"
       "                                               ^~~~~~~~~~~~~~~~\n"
       "  write it like public.users (user_id); a name that contains a dot, a quote, a parenthesis, a comma or a blank stands in double quotes: public.\"odd.name\"\n"},
      {table("    columns: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: integer}"),
       "plan.yaml:5:15: error: a name of 64 bytes; PostgreSQL keeps 63 [long-name]\n"
       "    columns: {aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: integer}\n"
       "              ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
       "  write it as the catalog has it\n"},
      {table("    foreign_keys:\n"
            "      f: {columns: a, references: public.t (ääääääääääääääääääääääääääääääää)}"),
       "plan.yaml:6:35: error: a name of 64 bytes; PostgreSQL keeps 63 [long-name]\n"
       "      f: {columns: a, references: public.t (ääääääääääääääääääääääääääääääää)}\n"
       "                                  ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
       "  write it as the catalog has it\n"},
      {"version: 1\n"
       "name: p\n"
       "tables: {ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss.t: {}}\n",
       "plan.yaml:3:10: error: a name of 64 bytes; PostgreSQL keeps 63 [long-name]\n"
       "tables: {ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss.t: {}}\n"
       "         ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
       "  write it as the catalog has it\n"},
  });
}

TEST(PlanParse, DeepNestingIsRefusedWithoutOverflow) {
  std::string text = "tables: " + std::string(100000, '[');
  Diagnostics diagnostics("plan.yaml", text);
  parse(text, diagnostics);
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].code, "too-deep");
}

TEST(PlanParse, AllErrorsAtOnceInTheOrderOfTheirPlaces) {
  EXPECT_EQ(errors_of("version: 1\nname: p\nstrategy: onlin\ntables:\n  users: {}\n"),
            "plan.yaml:3:11: error: \"strategy\" takes offline or online, not \"onlin\" [unknown-word]\n"
            "strategy: onlin\n"
            "          ^~~~~\n"
            "  did you mean \"online\"?\n"
            "plan.yaml:5:3: error: \"users\" is not a name with its schema [bad-name]\n"
            "  users: {}\n"
            "  ^~~~~\n"
            "  write schema and name, for example public.users\n");
}

const char kWholePlan[] = R"(version: 1
name: workflow
server: 15
strategy: online
generator: keyed
new_keys: {schema: ext, expression: gen_random_uuid()}
lock_timeout: 500ms
maintenance_work_mem: 256MB
backfill: {most_rows: 1000, standby_lag: 5s, transaction_age: 1h, wait_while: SELECT f()}
bridge: true
decision: {scope: full, reason: all of them}
phases:
  - name: users
    kind: cleanup
    tables: [public.users, '"My Schema"."a.b"']
    strategy: offline
    risk: high
    reason: many
    checkpoint: true
    probes: [{name: p, query: SELECT true}]
tables:
  public.users:
    change: keep
    primary_key: user_id
    generator: v7
    time_column: created_at
    namespace: url
    name_template: "{email}"
    key_expression: f(email)
    inventory: {unprocessed: email IS NULL, time_column: made_at, owner_column: boss, where: made_at > now()}
    decision: {scope: forward_only, reason: too many, date: 2025-03-01}
    columns:
      user_id: {type: integer, sequence: public.s, identity: by default, sequence_options: CYCLE, default: 1, new_default: none}
      manager_id: bigint
    unique: {u: [email, manager_id]}
    indexes: {i: btree (manager_id)}
    foreign_keys:
      f: {columns: [manager_id], references: 'public.users (user_id, "x y")', match: full, on_delete: set null, on_update: cascade, on_delete_columns: [manager_id], deferrable: initially deferred, valid: false, comment: c}
    logical_references:
      - {columns: owner_id, references: public.users, enforce: true, constraint: c, on_delete: cascade}
      - {columns: payload, references: public.users, path: "$.a[*]"}
      - {columns: of_id, type_column: of, types: {User: public.users, "a b": public.users (user_id)}}
dependents:
  - {kind: index, name: public.i, table: public.users, uses: public.orders, problem: a, as_is: b, set_aside: c, drop: d, definition: e, replacement: f}
)";

TEST(PlanParse, WholePlan) {
  const std::string text = kWholePlan;
  Diagnostics diagnostics("plan.yaml", text);
  Plan plan = parse(text, diagnostics);
  ASSERT_EQ(diagnostics.render(), "");
  EXPECT_EQ(plan.version.value, 1);
  EXPECT_EQ(plan.name.value, "workflow");
  EXPECT_EQ(plan.server.value, 15);
  EXPECT_EQ(plan.strategy.value, Strategy::online);
  EXPECT_EQ(plan.generator.value, Generator::keyed);
  EXPECT_EQ(plan.new_keys.schema.value, "ext");
  EXPECT_EQ(plan.backfill.most_rows.value, 1000);
  EXPECT_EQ(plan.backfill.standby_lag.value, "5s");
  EXPECT_EQ(plan.backfill.transaction_age.value, "1h");
  EXPECT_EQ(plan.backfill.wait_while.value, "SELECT f()");
  EXPECT_TRUE(plan.bridge.value);
  EXPECT_EQ(plan.new_keys.expression.value, "gen_random_uuid()");
  EXPECT_EQ(plan.lock_timeout.value, "500ms");
  EXPECT_EQ(plan.maintenance_work_mem.value, "256MB");
  EXPECT_EQ(plan.decision.scope.value, Scope::full);
  EXPECT_EQ(plan.decision.reason.value, "all of them");
  EXPECT_EQ(plan.decision.date.value, "");

  ASSERT_EQ(plan.phases.size(), 1u);
  const Phase& phase = plan.phases[0];
  EXPECT_EQ(phase.name.value, "users");
  EXPECT_EQ(phase.kind.value, PhaseKind::cleanup);
  ASSERT_EQ(phase.tables.size(), 2u);
  EXPECT_EQ(phase.tables[1].value, (TableName{"My Schema", "a.b"}));
  EXPECT_EQ(phase.strategy.value, Strategy::offline);
  EXPECT_EQ(phase.risk.value, Risk::high);
  EXPECT_EQ(phase.reason.value, "many");
  EXPECT_TRUE(phase.checkpoint.value);
  ASSERT_EQ(phase.probes.size(), 1u);
  EXPECT_EQ(phase.probes[0].name.value, "p");
  EXPECT_EQ(phase.probes[0].query.value, "SELECT true");

  ASSERT_EQ(plan.tables.size(), 1u);
  const Table& t = plan.tables[0];
  EXPECT_EQ(t.name.value, (TableName{"public", "users"}));
  EXPECT_EQ(t.name.span.line, 22);
  EXPECT_EQ(t.name.span.column, 3);
  EXPECT_EQ(t.name.span.length, 12);
  EXPECT_EQ(t.change.value, Change::keep);
  EXPECT_EQ(t.generator.value, Generator::v7);
  EXPECT_EQ(t.time_column.value, "created_at");
  EXPECT_EQ(t.name_space.value, "url");
  EXPECT_EQ(t.name_template.value, "{email}");
  EXPECT_EQ(t.key_expression.value, "f(email)");
  EXPECT_EQ(t.inventory.unprocessed.value, "email IS NULL");
  EXPECT_EQ(t.inventory.time_column.value, "made_at");
  EXPECT_EQ(t.inventory.owner_column.value, "boss");
  EXPECT_EQ(t.inventory.where.value, "made_at > now()");
  EXPECT_EQ(t.decision.scope.value, Scope::forward_only);
  EXPECT_EQ(t.decision.reason.value, "too many");
  EXPECT_EQ(t.decision.date.value, "2025-03-01");
  ASSERT_EQ(t.primary_key.size(), 1u);
  EXPECT_EQ(t.primary_key[0].value, "user_id");
  ASSERT_EQ(t.columns.size(), 2u);
  EXPECT_EQ(t.columns[0].name.value, "user_id");
  EXPECT_EQ(t.columns[0].type.value, "integer");
  EXPECT_EQ(t.columns[0].sequence.value, "public.s");
  EXPECT_EQ(t.columns[0].identity.value, Identity::by_default);
  EXPECT_EQ(t.columns[0].sequence_options.value, "CYCLE");
  EXPECT_EQ(t.columns[0].default_value.value, "1");
  EXPECT_EQ(t.columns[0].new_default.value, "none");
  EXPECT_EQ(t.columns[1].type.value, "bigint");
  EXPECT_EQ(t.columns[1].identity.value, Identity::none);
  ASSERT_EQ(t.unique.size(), 1u);
  EXPECT_EQ(t.unique[0].name.value, "u");
  EXPECT_EQ(t.unique[0].columns.size(), 2u);
  ASSERT_EQ(t.indexes.size(), 1u);
  EXPECT_EQ(t.indexes[0].definition.value, "btree (manager_id)");

  ASSERT_EQ(t.foreign_keys.size(), 1u);
  const ForeignKey& f = t.foreign_keys[0];
  EXPECT_EQ(f.columns[0].value, "manager_id");
  EXPECT_EQ(f.references.value.table, t.name.value);
  EXPECT_EQ(f.references.value.columns, (std::vector<std::string>{"user_id", "x y"}));
  EXPECT_EQ(f.match.value, "full");
  EXPECT_EQ(f.on_delete.value, "set null");
  EXPECT_EQ(f.on_update.value, "cascade");
  EXPECT_EQ(f.on_delete_columns.size(), 1u);
  EXPECT_EQ(f.deferrable.value, "initially deferred");
  EXPECT_FALSE(f.valid.value);
  EXPECT_EQ(f.comment.value, "c");
  ASSERT_EQ(t.logical_references.size(), 3u);
  EXPECT_EQ(t.logical_references[0].columns[0].value, "owner_id");
  EXPECT_EQ(t.logical_references[0].references.value.table, t.name.value);
  EXPECT_TRUE(t.logical_references[0].enforce.value);
  EXPECT_EQ(t.logical_references[0].constraint.value + t.logical_references[0].on_delete.value, "ccascade");
  EXPECT_EQ(t.logical_references[1].path.value, "$.a[*]");
  EXPECT_EQ(t.logical_references[2].type_column.value, "of");
  ASSERT_EQ(t.logical_references[2].types.size(), 2u);
  EXPECT_EQ(t.logical_references[2].types[1].name.value, "a b");
  EXPECT_EQ(t.logical_references[2].types[1].references.value.columns[0], "user_id");
  ASSERT_EQ(plan.dependents.size(), 1u);
  const Dependent& d = plan.dependents[0];
  EXPECT_EQ(d.kind.value, DependentKind::index);
  EXPECT_EQ(d.name.value, "public.i");
  EXPECT_EQ(d.table.value, t.name.value);
  ASSERT_EQ(d.uses.size(), 1u);
  EXPECT_EQ(d.uses[0].value, (TableName{"public", "orders"}));
  EXPECT_EQ(d.problem.value + d.as_is.value + d.set_aside.value + d.drop.value + d.definition.value +
                d.replacement.value,
            "abcdef");
  EXPECT_EQ(d.span.line, 44);
}

// Whatever is missing or damaged: no crash, and an error with a place or a plan.
TEST(PlanParse, DamagedPlans) {
  const std::string whole = kWholePlan;
  for (std::size_t i = 0; i < whole.size(); i++) {
    errors_of(whole.substr(0, i));
    errors_of(whole.substr(i));
    for (char c : std::string("\"'[{:-\n\t\xFF")) {
      std::string damaged = whole;
      damaged[i] = c;
      Diagnostics diagnostics("plan.yaml", damaged);
      parse(damaged, diagnostics);
      for (const Diagnostic& d : diagnostics.all())
        EXPECT_TRUE(d.span.line > 0 && !d.message.empty() && !d.fix.empty()) << diagnostics.render(d);
    }
  }
}

TEST(PlanParse, AcceptsWithoutComment) {
  const std::string texts[] = {
      "\xEF\xBB\xBFversion: 1\r\nname: p\r\ntables: {}\r\n",
      "---\nversion: 1\nname: Übung 2\ntables: {}\n",
      table("    columns: {\"null\": integer, 'yes': bigint, off: smallint, Größe: integer}"),
      table("    columns: &all {a: integer}"),
      table("    indexes:\n      i: |\n        btree (a)"),
      top("lock_timeout: 1min\nmaintenance_work_mem: 2GB"),
  };
  for (const std::string& text : texts) EXPECT_EQ(errors_of(text), "") << text;
}

}  // namespace
}  // namespace rekey::plan
