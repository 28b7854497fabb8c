#include "tests/runtime/sample_bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "runtime/db/connection.h"
#include "runtime/text.h"
#include "tests/runtime/server.h"

namespace rekey::test {

namespace fs = std::filesystem;
using bundle::LockMode;
using db::quote_literal;

const char* const kSampleSchema = R"(
CREATE TABLE public.users (user_id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE public.orders (
  order_id serial PRIMARY KEY,
  user_id  integer REFERENCES public.users ON DELETE CASCADE,
  note     text);
CREATE INDEX orders_user ON public.orders (user_id);
INSERT INTO public.users (name) SELECT 'user ' || i FROM generate_series(1, 5) i;
INSERT INTO public.orders (user_id, note) SELECT 1 + i % 5, 'order ' || i FROM generate_series(1, 7) i;
ANALYZE;
)";

namespace {

std::string domain_row(const bundle::Domain& d) {
  return fmt::format("({}, {}, {})", quote_literal(d.name), quote_literal(d.phase),
                     quote_literal(d.generator));
}

std::string column_row(const bundle::Column& c) {
  const bool root = c.table + "." + c.column == c.domain;
  const std::string sequence = c.table + "_" + c.column + "_seq";
  const std::string type = quote_literal(c.type);
  return fmt::format("({}, {}, {}, {}, {}, {}, {}, {}, false)", quote_literal(c.domain),
                     quote_literal(c.table), quote_literal(c.column), type, type, root, c.source,
                     root ? quote_literal(sequence) : "NULL");
}

std::string list(const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const std::string& value : values) quoted.push_back(quote_literal(value));
  return "ARRAY[" + joined(quoted) + "]::text[]";
}

// Statements of a text: in these templates and here a line that ends in ';' outside of $body$ ends
// one.
std::vector<bundle::Range> statements_of(const std::string& text, std::size_t offset) {
  std::vector<bundle::Range> ranges;
  bool body = false;
  std::size_t start = std::string::npos;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1);
    const std::string line = text.substr(at, end - at);
    const bool comment = line.starts_with("--") || line.empty();
    if (start == std::string::npos && !comment) start = at;
    for (std::size_t d = 0; (d = line.find("$body$", d)) != std::string::npos; d += 6) body = !body;
    if (start != std::string::npos && !body && line.ends_with(';')) {
      ranges.push_back({offset + start, end - start});
      start = std::string::npos;
    }
    at = end + 1;
  }
  return ranges;
}

constexpr const char* kSession =
    "SET search_path = pg_catalog, pg_temp;\nSET row_security = off;\nSET lock_timeout = "
    "'200ms';\n";

// One SQL file and what bundle.json says of it.
struct SqlFile {
  std::string text = "-- sample\n";
  bundle::Range session;

  SqlFile() {
    session = {text.size(), std::string(kSession).size()};
    text += kSession;
  }
  bundle::Side add(const std::string& id, const std::string& sql, const StepSql& step) {
    const std::string whole = "\n-- step " + id + "\n" + sql;
    bundle::Side side;
    side.text = {text.size(), whole.size()};
    side.journal = bundle::sha256(id.ends_with(".open") ? "open" : sql);
    side.statements = statements_of(whole, text.size());
    side.locks = step.locks;
    side.rewrites = step.rewrites;
    text += whole;
    return side;
  }
};

std::string up_sql(const StepSql& step, const std::string& before) {
  const std::string id = quote_literal(step.id);
  const std::string body =
      fmt::format("CALL rekey.begin_step({});\n{}CALL rekey.end_step({});\n", id, step.up, id);
  return step.transactional ? "BEGIN;\n" + before + body + "COMMIT;\n" : body;
}

std::string down_sql(const StepSql& step) {
  const std::string id = quote_literal(step.id);
  const std::string body =
      fmt::format("CALL rekey.begin_undo({});\n{}CALL rekey.end_undo({});\n", id, step.down, id);
  return step.transactional ? "BEGIN;\n" + body + "COMMIT;\n" : body;
}

// Those that need it, unless the step says otherwise.
std::vector<std::string> undo_needs(const PhaseSql& phase, const std::string& id) {
  std::vector<std::string> ids;
  for (const StepSql& step : phase.steps) {
    if (step.id == id && !step.undo_needs.empty()) return step.undo_needs;
  }
  for (const StepSql& step : phase.steps) {
    for (const std::string& need : step.needs) {
      if (need == id) ids.push_back(step.id);
    }
  }
  return ids;
}

std::string registration(const PhaseSql& phase, const std::string& after) {
  std::string sql =
      fmt::format("CALL rekey.open_phase({}, {}, 'sha256:sample', {});\n", quote_literal(phase.id),
                  quote_literal(phase.name), quote_literal(after));
  sql +=
      "INSERT INTO rekey.steps (step, phase, position, transactional, undo_always, needs, "
      "undo_needs, "
      "up_digest, down_digest)\nVALUES\n";
  for (std::size_t i = 0; i < phase.steps.size(); ++i) {
    const StepSql& step = phase.steps[i];
    sql += fmt::format("  ({}, {}, {}, {}, false, {}, {}, {}, '')", quote_literal(step.id),
                       quote_literal(phase.id), i + 1, step.transactional, list(step.needs),
                       list(undo_needs(phase, step.id)),
                       quote_literal(bundle::sha256(i == 0 ? "open" : up_sql(step, ""))));
    sql += i + 1 < phase.steps.size() ? ",\n" : ";\n";
  }
  return sql;
}

void save(const fs::path& folder, bundle::Bundle& b, const std::string& path,
          const std::string& text) {
  fs::create_directories((folder / path).parent_path());
  std::ofstream(folder / path, std::ios::binary) << text;
  b.files.push_back({path, bundle::sha256(text), text.size()});
}

void save_phase(const fs::path& folder, bundle::Bundle& b, bundle::Phase phase, SqlFile& up,
                SqlFile& down, const std::string& checks) {
  SqlFile verify;
  phase.up_session = up.session;
  phase.down_session = down.session;
  phase.verify_session = verify.session;
  phase.verify = statements_of(checks, verify.text.size());
  save(folder, b, phase.folder + "/up.sql", up.text);
  save(folder, b, phase.folder + "/down.sql", down.text);
  save(folder, b, phase.folder + "/verify.sql", verify.text + checks);
  b.phases.push_back(std::move(phase));
}

// What a template has for plans that the sample is none of.
std::string without_sections(std::string text) {
  for (auto begin = text.find("{{#"); begin != std::string::npos; begin = text.find("{{#", begin)) {
    const auto end = "{{/" + text.substr(begin + 3, text.find("}}", begin) - begin - 3) + "}}";
    text.erase(begin, text.find(end, begin) + end.size() - begin);
  }
  return text;
}

void add_foundation(const Sample& sample, const fs::path& folder, bundle::Bundle& b) {
  std::string sql = "BEGIN;\n";
  for (const char* part : {"journal", "steps", "generators", "domains", "expectations", "legacy_ids",
                           "partition_indexes", "foreign_key_parts", "shapes", "mapping", "fence", "checks", "plan_checks", "plan_indexes",
                           "online_expectations", "throttle", "backfill", "online", "swap", "online_partitions", "bridge"}) {
    sql += without_sections(read_text(fs::path(REKEY_SOURCE "/templates/foundation") / (std::string(part) + ".sql")));
  }
  const std::string variable = "{{plan_comment}}";
  sql.replace(sql.find(variable), variable.size(), quote_literal("plan " + sample.plan));
  sql += fmt::format(
      "INSERT INTO rekey.plan (name, format) VALUES ({0}, 1);\n"
      "INSERT INTO rekey.phases VALUES ('010', 'foundation', 'sha256:sample', 'applied');\n"
      "INSERT INTO rekey.steps VALUES ('010.foundation', '010', 1, true, false, '{{}}', '{{}}', "
      "'', '', "
      "'done');\nCOMMIT;\n",
      quote_literal(sample.plan));
  SqlFile up, down;
  bundle::Step step;
  step.id = "010.foundation";
  step.kind = "foundation";
  step.up = up.add(step.id, sql, {});
  step.down = down.add(step.id,
                       "BEGIN;\nCALL rekey.begin_undo('010.foundation');\n"
                       "DROP SCHEMA rekey CASCADE;\nCOMMIT;\n",
                       {});
  step.up.journal.clear();
  bundle::Phase phase;
  phase.id = "010";
  phase.name = phase.kind = "foundation";
  phase.strategy = "offline";
  phase.folder = "010-foundation";
  phase.steps = {step};
  phase.undo_order = {step.id};
  save_phase(folder, b, phase, up, down, "");
}

void add_phase(const PhaseSql& sql, const std::string& after, const fs::path& folder,
               bundle::Bundle& b) {
  bundle::Phase phase;
  phase.id = sql.id;
  phase.name = sql.name;
  phase.kind = sql.kind;
  phase.strategy = "offline";
  phase.risk = "low";
  phase.folder = sql.id + "-" + sql.name;
  phase.checkpoint = sql.checkpoint;
  phase.tables = sql.tables;
  SqlFile up, down;
  for (const StepSql& s : sql.steps) {
    bundle::Step step;
    step.id = s.id;
    step.kind = s.id.substr(s.id.rfind('.') + 1);
    step.table = s.table;
    step.transactional = s.transactional;
    step.needs = s.needs;
    step.undo_needs = undo_needs(sql, s.id);
    step.up = up.add(s.id, up_sql(s, &s == &sql.steps.front() ? registration(sql, after) : ""), s);
    phase.steps.push_back(step);
  }
  const auto& order = phase.undo_order;
  while (order.size() < sql.steps.size()) {
    for (std::size_t i = sql.steps.size(); i-- > 0;) {
      bundle::Step& step = phase.steps[i];
      const auto undone = [&](const std::string& id) { return std::ranges::count(order, id) > 0; };
      if (undone(step.id) || !std::ranges::all_of(step.undo_needs, undone)) continue;
      step.down = down.add(step.id, down_sql(sql.steps[i]), sql.steps[i]);
      phase.undo_order.push_back(step.id);
    }
  }
  save_phase(folder, b, phase, up, down, sql.verify);
}

std::vector<bundle::TableLock> exclusive(const std::vector<std::string>& tables) {
  std::vector<bundle::TableLock> locks;
  for (const std::string& table : tables) locks.push_back({table, LockMode::access_exclusive});
  return locks;
}

std::string fence(const std::string& table, bool up) {
  if (!up) return "DROP TRIGGER rekey_fence ON " + table + ";\n";
  return fmt::format(
      "CREATE TRIGGER rekey_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {} "
      "FOR EACH STATEMENT EXECUTE FUNCTION rekey.fence('020');\n",
      table);
}

std::string new_key(const std::string& domain, const std::string& column) {
  return fmt::format("rekey.ordered({}, rekey.domain_secret({}))", column, quote_literal(domain));
}

std::string old_key(const std::string& domain, const std::string& column) {
  return fmt::format(
      "(CASE WHEN rekey.is_ordered({0}, rekey.domain_secret({1})) "
      "THEN rekey.ordered_id({0}) WHEN {0} IS NOT NULL THEN rekey.mapped_id({1}, {0}) "
      "END)::integer",
      column, quote_literal(domain));
}

constexpr const char* kUsers = "public.users.user_id";
constexpr const char* kOrders = "public.orders.order_id";

StepSql rewrite_users() {
  const std::string alter =
      "ALTER TABLE public.users ALTER COLUMN user_id DROP DEFAULT, "
      "ALTER COLUMN user_id TYPE ";
  return {"020.users.rewrite",
          "public.users",
          alter + "uuid USING " + new_key(kUsers, "user_id") +
              ";\n"
              "ALTER TABLE public.users ALTER COLUMN user_id SET DEFAULT gen_random_uuid();\n",
          alter + "integer USING " + old_key(kUsers, "user_id") +
              ";\n"
              "ALTER TABLE public.users ALTER COLUMN user_id SET DEFAULT "
              "nextval('public.users_user_id_seq'::regclass);\n",
          {"020.orders.detach", "020.keys"},
          true,
          exclusive({"public.users"}),
          {"public.users"},
          {"020.orders.attach", "020.keys"}};
}

StepSql rewrite_orders() {
  const std::string alter = "ALTER TABLE public.orders ALTER COLUMN order_id DROP DEFAULT, ";
  return {"020.orders.rewrite",
          "public.orders",
          alter + "ALTER COLUMN order_id TYPE uuid USING " + new_key(kOrders, "order_id") +
              ", ALTER COLUMN user_id TYPE uuid USING " + new_key(kUsers, "user_id") +
              ";\n"
              "ALTER TABLE public.orders ALTER COLUMN order_id SET DEFAULT gen_random_uuid();\n",
          alter + "ALTER COLUMN order_id TYPE integer USING " + old_key(kOrders, "order_id") +
              ", ALTER COLUMN user_id TYPE integer USING " + old_key(kUsers, "user_id") +
              ";\n"
              "ALTER TABLE public.orders ALTER COLUMN order_id SET DEFAULT "
              "nextval('public.orders_order_id_seq'::regclass);\n",
          {"020.orders.detach", "020.keys"},
          true,
          exclusive({"public.orders"}),
          {"public.orders"},
          {"020.orders.attach", "020.keys"}};
}

}  // namespace

Sample sample() {
  Sample s;
  s.domains = {{kUsers, "ordered", "020", "public.users", "user_id", ""},
               {kOrders, "ordered", "020", "public.orders", "order_id", ""}};
  s.columns = {
      {"public.orders", "order_id", "integer", "uuid", "020", kOrders, true,
       "sequence public.orders_order_id_seq"},
      {"public.orders", "user_id", "integer", "uuid", "020", kUsers, false, ""},
      {"public.users", "user_id", "integer", "uuid", "020", kUsers, true,
       "sequence public.users_user_id_seq"}};
  const std::string definition =
      "FOREIGN KEY (user_id) REFERENCES public.users(user_id) ON DELETE CASCADE";
  s.foreign_keys = {{"public.orders", "orders_user_id_fkey", definition}};
  const std::vector<std::string> both = {"public.orders", "public.users"};
  std::string domains, columns;
  for (const auto& d : s.domains) domains += (domains.empty() ? "" : ", ") + domain_row(d);
  for (const auto& c : s.columns) columns += (columns.empty() ? "" : ", ") + column_row(c);
  const std::string drop = "ALTER TABLE public.orders DROP CONSTRAINT orders_user_id_fkey;\n";
  const std::string add =
      "ALTER TABLE public.orders ADD CONSTRAINT orders_user_id_fkey " + definition;
  PhaseSql people{"020", "people", "tables", both, {}, "", false};
  people.steps = {
      {"020.open",
       "",
       "INSERT INTO rekey.domains (domain, phase, generator) VALUES " + domains +
           ";\n"
           "INSERT INTO rekey.key_columns (domain, table_name, column_name, old_type, "
           "declared, is_root, is_source, sequence, is_identity) VALUES " +
           columns + ";\n" + fence(both[0], true) + fence(both[1], true),
       fence(both[0], false) + fence(both[1], false) + "CALL rekey.withdraw_phase('020');\n",
       {},
       true,
       exclusive(both),
       {}},
      {"020.orders.detach",
       "public.orders",
       drop,
       add + ";\n",
       {"020.open"},
       true,
       exclusive(both),
       {}},
      {"020.keys",
       "",
       fmt::format("CALL rekey.save_ids('{}');\nCALL rekey.save_ids('{}');\n", kUsers, kOrders),
       fmt::format(
           "DO $body$ BEGIN IF (SELECT count(*) FROM rekey.steps WHERE step LIKE '020.%.rewrite' "
           "AND state = 'done') = 2 THEN CALL rekey.assign_legacy_ids('{}'); "
           "CALL rekey.assign_legacy_ids('{}'); END IF; END $body$;\n",
           kUsers, kOrders),
       {"020.open"},
       true,
       {},
       {},
       {"020.orders.attach"}},
      rewrite_users(),
      rewrite_orders(),
      {"020.orders.attach",
       "public.orders",
       add + ";\n",
       drop,
       {"020.users.rewrite", "020.orders.rewrite"},
       true,
       exclusive(both),
       {}},
      {"020.users.vacuum",
       "public.users",
       "VACUUM (ANALYZE) public.users;\n",
       "VACUUM (ANALYZE) public.users;\n",
       {"020.orders.attach"},
       false,
       {{"public.users", LockMode::share_update_exclusive}},
       {}},
      {"020.close",
       "",
       fence(both[0], false) + fence(both[1], false) + "CALL rekey.close_phase('020');\n",
       fence(both[0], true) + fence(both[1], true),
       {"020.users.vacuum"},
       true,
       exclusive(both),
       {}}};
  people.verify =
      "SELECT 'rows' AS \"check\", 'public.users' AS object, count(*) >= 5 AS ok, "
      "count(*) || ' rows' AS detail FROM public.users;\n";
  PhaseSql cleanup{"030", "cleanup", "cleanup", both, {}, "", false};
  cleanup.steps = {
      {"030.open", "", "", "CALL rekey.withdraw_phase('030');\n", {}, true, {}, {}},
      {"030.close", "", "CALL rekey.close_phase('030');\n", "", {"030.open"}, true, {}, {}}};
  s.phases = {people, cleanup};
  return s;
}

StepSql& step_of(Sample& s, const std::string& id) {
  for (PhaseSql& phase : s.phases) {
    for (StepSql& step : phase.steps) {
      if (step.id == id) return step;
    }
  }
  throw std::logic_error("the sample has no step " + id);
}

void write_bundle(const Sample& s, const fs::path& folder) {
  fs::remove_all(folder);
  bundle::Bundle b;
  b.plan = s.plan;
  b.plan_digest = "sha256:sample";
  b.compiler = "0";
  b.lock_timeout = "200ms";
  b.domains = s.domains;
  b.columns = s.columns;
  b.foreign_keys = s.foreign_keys;
  b.notices = s.notices;
  add_foundation(s, folder, b);
  std::string after = "010";
  for (const PhaseSql& phase : s.phases) {
    add_phase(phase, after, folder, b);
    after = phase.id;
  }
  save(folder, b, "REVIEW.md", "# sample\n");
  std::ofstream(folder / "bundle.json", std::ios::binary) << bundle::to_json(b);
}

}  // namespace rekey::test
