#include "tests/durability/scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>

#include "runtime/copy/schema_listing.h"
#include "tests/durability/proxy.h"

namespace rekey::test {

namespace {

constexpr const char* kEffects = R"(
WITH schemas AS (SELECT oid, nspname FROM pg_namespace
                 WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'rekey')),
     relations AS (SELECT c.oid, relkind, relrowsecurity FROM pg_class c JOIN schemas s ON s.oid = relnamespace),
     tables AS (SELECT * FROM relations WHERE relkind IN ('r', 'p')),
     bodies AS (SELECT * FROM relations WHERE relkind IN ('r', 'm'))
SELECT line FROM (
  SELECT format('table %s, row security %s', oid::regclass, relrowsecurity) FROM tables
  UNION ALL
  SELECT format('column %s.%I %s, not null %s, identity "%s", default %s', attrelid::regclass, attname,
                format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(adbin, adrelid))
  FROM tables t JOIN pg_attribute ON attrelid = t.oid AND attnum > 0 AND NOT attisdropped
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  UNION ALL
  SELECT format('constraint %s %I %s, valid %s', conrelid::regclass, conname, pg_get_constraintdef(c.oid),
                convalidated)
  FROM tables t JOIN pg_constraint c ON conrelid = t.oid
  UNION ALL
  SELECT format('index %s, valid %s', pg_get_indexdef(indexrelid), indisvalid)
  FROM relations r JOIN pg_index ON indrelid = r.oid
  UNION ALL
  SELECT format('statistics of %s: %s', t.oid::regclass, string_agg(attname, ', ' ORDER BY attname))
  FROM tables t JOIN pg_statistic ON starelid = t.oid JOIN pg_attribute a ON attrelid = t.oid AND attnum = staattnum
  WHERE relkind = 'r' GROUP BY t.oid
  UNION ALL
  SELECT pg_get_statisticsobjdef(e.oid) FROM pg_statistic_ext e JOIN relations r ON stxrelid = r.oid
  UNION ALL
  SELECT format('trigger %s, enabled %s', pg_get_triggerdef(g.oid), tgenabled)
  FROM relations r JOIN pg_trigger g ON tgrelid = r.oid AND NOT tgisinternal
  UNION ALL
  SELECT pg_get_ruledef(w.oid) FROM relations r JOIN pg_rewrite w ON ev_class = r.oid
  UNION ALL
  SELECT format('policy %s', p) FROM pg_policies p
  UNION ALL
  SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN schemas s ON s.oid = pronamespace
  UNION ALL
  SELECT format('sequence %I.%I at %s', schemaname, sequencename, last_value)
  FROM pg_sequences JOIN schemas ON nspname = schemaname
  UNION ALL
  SELECT format('row of %s: %s', b.oid::regclass, unnest(xpath('/table/row/line/text()', query_to_xml(
                format('SELECT r::text AS line FROM ONLY %s r', b.oid::regclass), false, false, '')))::text)
  FROM bodies b
) all_of_it (line)
ORDER BY line COLLATE "C")";

constexpr const char* kNoJournal = "SELECT to_regclass('rekey.steps') IS NULL";

constexpr const char* kRest = R"(
SELECT concat_ws('|', 'phase', phase, name, plan_digest, state) FROM rekey.phases
UNION SELECT concat_ws('|', 'step', step, state, up_digest, down_digest) FROM rekey.steps
UNION SELECT concat_ws('|', 'history', step, event) FROM rekey.history
UNION SELECT concat_ws('|', 'check', phase, step, moment, "check", object, ok,
                       CASE WHEN moment <> 'verify' THEN detail END, rows, checksum) FROM rekey.checks
UNION SELECT concat_ws('|', 'domain', d) FROM rekey.domains d
UNION SELECT concat_ws('|', 'column', c) FROM rekey.key_columns c
UNION SELECT concat_ws('|', 'key', k) FROM rekey.keys k
UNION SELECT concat_ws('|', 'pair', p) FROM rekey.pairs p
UNION SELECT concat_ws('|', 'plan', name, format) FROM rekey.plan
ORDER BY 1)";

Result must_end_well(const Result& result) {
  if (result.code != 0) throw std::runtime_error("undisturbed, and yet:\n" + result.err);
  return result;
}

std::string first_difference(const std::string& wanted, const std::string& found) {
  std::istringstream a(wanted), b(found);
  std::string left, right;
  for (;;) {
    const bool more_left = static_cast<bool>(std::getline(a, left));
    const bool more_right = static_cast<bool>(std::getline(b, right));
    if (!more_left) left = "(the end)";
    if (!more_right) right = "(the end)";
    if (left != right || !more_left) return fmt::format("  wanted: {}\n  found:  {}\n", left, right);
  }
}

// Where a step is claimed among its statements, from 1. One that opens its phase is seen when all is done.
std::size_t claim_among(const std::vector<std::string>& statements) {
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (statements[i].find("rekey.open_phase(") != std::string::npos) return 0;
    if (statements[i].starts_with("CALL rekey.begin_")) return i + 1;
  }
  return 0;
}

// Where the statements of each step stand among the units.
void find_steps(Course& course, const bundle::Bundle& b, Direction direction) {
  const std::vector<std::string>& units = course.units;
  for (const bundle::Phase& phase : b.phases) {
    const std::string file = bundle::read_file(
        b, phase.folder + (direction == Direction::up ? "/up.sql" : "/down.sql"));
    for (const bundle::Step& step : phase.steps) {
      std::vector<std::string> statements;
      for (const bundle::Range& range : side_of(step, direction).statements) {
        statements.push_back(file.substr(range.offset, range.length));
      }
      const auto at = std::ranges::search(units, statements).begin();
      if (at == units.end()) throw std::runtime_error("never sent: step " + step.id);
      const auto before = static_cast<std::size_t>(at - units.begin());
      const std::size_t claim = claim_among(statements);
      course.steps.push_back({step.id, before + 1, before + statements.size(), claim ? before + claim : 0,
                              step.transactional});
      course.statements.insert(statements.begin(), statements.end());
    }
  }
  std::ranges::sort(course.steps, {}, &StepUnits::first);
}

}  // namespace

std::string effects(const Database& database) { return database.query(kEffects); }

std::string journal(const Database& database) {
  if (database.query(kNoJournal) == "t\n") return "";
  return database.query("SELECT phase, state FROM rekey.phases UNION ALL "
                        "SELECT step, state FROM rekey.steps ORDER BY 1, 2");
}

// The listing alone, without pg_dump: the tests of whole trips hold one against the other.
Rest rest_of(const Database& database) {
  const bool none = database.query(kNoJournal) == "t\n";
  db::Connection session(database.url(), "test");
  session.exec("SET search_path = ''");
  return {fmt::format("{}\n", fmt::join(schema_listing(session), "\n")), effects(database), none ? "" : database.query(kRest)};
}

bool same_but_for_order(const std::string& one, const std::string& other) {
  const auto lines = [](const std::string& text) {
    std::multiset<std::string> out;
    std::istringstream in(text);
    static const std::regex place("\"place\": [0-9]+, ");
    for (std::string line; std::getline(in, line);) out.insert(std::regex_replace(line, place, ""));
    return out;
  };
  return lines(one) == lines(other);
}

std::string difference(const Rest& wanted, const Rest& found) {
  if (wanted.schema != found.schema) return first_difference(wanted.schema, found.schema);
  if (wanted.effects != found.effects) return first_difference(wanted.effects, found.effects);
  return first_difference(wanted.journal, found.journal);
}

Scene::Scene(const std::string& name, const std::string& decisions) : bundle((folder.path() / "bundle").string()) {
  setenv("PGOPTIONS", "-c rekey.secret=pinned", 1);
  const std::string here = REKEY_SOURCE "/tests/durability/", files = here + name;
  only_steps_vacuum();
  before.run(read_text(files + ".sql"));
  before.run("VACUUM ANALYZE");
  compile(here + (decisions.empty() ? name : decisions) + ".decisions.yaml");
  original = rest_of(before);
  up = record(Direction::up);
  after.emplace(before.name());
  must_end_well(rekey(line(Direction::up, *after, server().folder(), 1)));
  after->run(read_text(files + ".since.sql"));
  down = record(Direction::down);
}

void Scene::compile(const std::string& decisions) {
  const std::string rekeyc = REKEY_BINARY "/compiler/rekeyc", plan = (folder.path() / "plan.yaml").string();
  db::Connection session(before.url(), "test");
  for (bool compiled = false; !compiled;) try {
      output_of({rekeyc, "inspect", "--database", before.url(), "--decisions", decisions, "-o", plan});
      output_of({rekeyc, "compile", plan, "-o", bundle});
      compiled = true;
    } catch (const std::runtime_error& refused) {
      if (!rename_not_nulls(refused.what(), session)) throw;
    }
  run_through();
  manifest = bundle::read_bundle(bundle);
}

// The stops are taken out, so that one run goes all the way.
void Scene::run_through() const {
  bundle::Bundle changed = bundle::read_bundle(bundle);
  for (bundle::Phase& phase : changed.phases) phase.checkpoint = false;
  std::ofstream(bundle + "/bundle.json") << bundle::to_json(changed);
}

std::vector<std::string> Scene::line(Direction direction, const Database& database,
                                     const std::filesystem::path& place, int jobs) const {
  return {direction == Direction::up ? "apply" : "rollback",
          bundle,
          "--database",
          fmt::format("postgresql:///{}?host={}&port=5432&user=postgres", database.name(),
                      place.string()),
          "--yes",
          "--wait",
          "--jobs",
          std::to_string(jobs)};
}

// Once to see the units, once more to look at the database between them.
Course Scene::record(Direction direction) const {
  Course course;
  for (const bool looking : {false, true}) {
    const Database database(start(direction).name());
    const Folder place;
    Proxy proxy(place.path(), server().folder());
    const Process process = start_rekey(line(direction, database, place.path(), 1));
    if (looking) course.states[journal(database)].insert(effects(database));
    for (const StepUnits& step : course.steps) {
      for (std::size_t unit = step.transactional ? step.last : step.first; unit <= step.last; ++unit) {
        proxy.arm({unit, Moment::after});
        if (!proxy.serve([&] { return ended(process); })) break;
        course.states[journal(database)].insert(effects(database));
      }
    }
    proxy.serve([&] { return ended(process); });
    must_end_well(wait_for(process));
    course.units = proxy.units();
    if (!looking) find_steps(course, manifest, direction);
    course.end = rest_of(database);
  }
  return course;
}

}  // namespace rekey::test
