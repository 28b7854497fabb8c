#include "tests/property/trip.h"

#include <fmt/format.h>

#include <set>

#include "runtime/outcome.h"
#include "tests/property/journey.h"
#include "tests/property/snapshot.h"
#include "tests/property/writes.h"

namespace rekey::property {

namespace {

using test::Result;

bool lists_keys(const Schema& schema) {
  return std::any_of(schema.tables.begin(), schema.tables.end(), [](const Table& t) { return is_listed(t.generator); });
}

// Why this schema's keys may be refused; empty when they may not.
std::string right_to_refuse(const Schema& schema, const Result& result) {
  const auto says = [&](const char* text) { return result.err.find(text) != std::string::npos; };
  if (schema.owned_by_app && schema.row_security && result.code == kRefused &&
      says("forces row security on its owner")) {
    return "row security";
  }
  if (lists_keys(schema) && result.code == kRefused && says("this one makes a key from the row there"))
    return "orphan of a listed key";
  if (lists_keys(schema) && result.code == kRefused && says("of more than one row of it and the tables that inherit"))
    return "an id of two rows";
  return "";
}

class Trip {
 public:
  Trip(const Schema& schema, const std::vector<WriteRecipe>& writes)
      : schema_(schema), journey_(to_sql(schema), schema.owned_by_app), writes_(writes) {}

  std::string run() {
    journey_.name_not_nulls(decisions(schema_));
    const std::string before_schema = journey_.database.schema();
    const Snapshot before = take(session_, schema_);
    const auto probed = probe(session_, schema_);
    try {
      journey_.compile(decisions(schema_));
    } catch (const NotCarriedOver& refused) {
      // Which domains have a root of their own cannot be told here as well as the compiler can.
      if (lists_keys(schema_) && std::string(refused.what()).find("[listed-root]") != std::string::npos) return "listed without a root";
      throw;
    }
    const Result applied = journey_.rekey({"apply"}, schema_.jobs);
    if (applied.code != 0) {
      const std::string why = right_to_refuse(schema_, applied);
      if (why.empty()) throw Broken("apply: " + last_lines(applied));
      expect_done("rollback", journey_.rekey({"rollback"}));
      same_schema(before_schema, journey_.database.schema());
      if (!(take(session_, schema_) == before))
        throw Broken("apply was refused and left rows changed");
      return why;
    }
    go_back_and_on();
    expect_done("verify", journey_.rekey({"verify"}));
    const Snapshot fresh = take(session_, schema_);
    const Pairs old = pair_up(schema_, before, fresh);
    expect_same(probed, probe(session_, schema_));
    expect_nothing_fired(before, fresh);
    expect_mapping(old);
    log_ = write(session_, schema_, writes_);
    const Snapshot written = take(session_, schema_);
    const Result undone = journey_.rekey({"rollback"}, schema_.jobs);
    if (undone.code == kRefused && undone.err.find("too large for") != std::string::npos) {
      if (!(take(session_, schema_) == written))
        throw Broken("rollback was refused and left rows changed");
      return "ids too large";
    }
    expect_done("rollback", undone);
    same_schema(before_schema, journey_.database.schema());
    const Snapshot back = take(session_, schema_);
    const Pairs now = pair_up(schema_, back, written);
    expect_nothing_fired(written, back);
    expect_old_ids(old, now);
    expect_sequences(before, back, old, now);
    return "back";
  }

  std::string story() const {
    return fmt::format("{}\n-- decisions: {}\n-- jobs: {}, as {}\n{}", to_sql(schema_),
                       decisions(schema_), schema_.jobs, schema_.owned_by_app ? "app" : "postgres",
                       log_);
  }

 private:
  // To a phase that was given, and forward again.
  void go_back_and_on() {
    const int given = static_cast<int>(schema_.phases.size());
    if (schema_.back_to == 0 || given == 0) return;
    const std::string stays =
        schema_.back_to > given ? "foundation" : fmt::format("part {}", schema_.back_to - 1);
    expect_done("rollback --to", journey_.rekey({"rollback", "--to", stays}, schema_.jobs));
    expect_done("apply again", journey_.rekey({"apply"}, schema_.jobs));
  }

  static void expect_same(const std::vector<std::string>& before,
                          const std::vector<std::string>& after) {
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i] != after[i])
        throw Broken(fmt::format("a dependent gives something else:\n{}\n{}", before[i], after[i]));
    }
  }

  static void expect_nothing_fired(const Snapshot& before, const Snapshot& after) {
    if (before.fired != after.fired)
      throw Broken(fmt::format("triggers or rules fired: {} times before, {} after", before.fired,
                               after.fired));
  }

  // The view shows exactly the rows of the roots.
  void expect_mapping(const Pairs& old) {
    std::map<std::pair<std::string, std::string>, int> domains;
    for (const Table& t : schema_.tables) {
      for (const Column& c : t.columns) domains[{t.sql(), c.name}] = c.domain;
    }
    std::map<int, std::set<std::string>> shown;
    for (const db::Row& row : session_.exec("SELECT * FROM rekey.mapping").rows) {
      const int domain = domains.at({row[0].value(), row[1].value()});
      const auto& known = old.at(domain);
      const auto found = known.find(row[3].value());
      if (found == known.end() || found->second != row[2].value()) {
        throw Broken(
            fmt::format("rekey.mapping pairs {} with {} in {}", *row[2], *row[3], *row[0]));
      }
      shown[domain].insert(*row[3]);
    }
    for (const Table& t : schema_.tables) {
      const Column& key = t.columns[t.primary_key[0]];
      if (t.primary_key.size() > 1 || !t.foreign_keys.empty() || !schema_.changes(key)) continue;
      if (shown[key.domain].size() < t.rows.size())
        throw Broken("rekey.mapping lacks rows of " + t.sql());
    }
  }

  static void expect_old_ids(const Pairs& old, const Pairs& now) {
    for (const auto& [domain, pairs] : now) {
      std::map<std::string, std::string> known;
      if (old.contains(domain)) known = old.at(domain);
      std::set<std::string> used;
      for (const auto& [key, id] : known) used.insert(id);
      for (const auto& [key, id] : pairs) {
        const auto was = known.find(key);
        if (was != known.end() && was->second != id) {
          throw Broken(
              fmt::format("key {} had the id {} and came back as {}", key, was->second, id));
        }
        if (was == known.end() && used.contains(id)) {
          throw Broken(fmt::format("new key {} got the id {}, which had been used", key, id));
        }
      }
    }
  }

  // A sequence stands where it stood, or it does not give out an id that is used.
  void expect_sequences(const Snapshot& before, const Snapshot& back, const Pairs& old,
                        const Pairs& now) {
    std::set<std::string> taken;
    for (const Table& t : schema_.tables) {
      const Column& key = t.columns[0];
      if (key.sequence.empty() || !schema_.changes(key) || !taken.insert(key.sequence).second) continue;
      const bool moved = before.sequences.at(key.sequence) != back.sequences.at(key.sequence);
      bool fresh = false;
      for (const Table& other : schema_.tables) {
        if (other.columns[0].sequence == key.sequence)
          fresh = fresh || has_fresh(other.columns[0].domain, old, now);
      }
      if (moved && !fresh)
        throw Broken("sequence " + key.sequence + " moved though nothing was written");
      if (!fresh) continue;
      insert_once_more(t, moved, old, now);
    }
  }

  static bool has_fresh(int domain, const Pairs& old, const Pairs& now) {
    if (!now.contains(domain)) return false;
    for (const auto& [key, id] : now.at(domain)) {
      if (!old.contains(domain) || !old.at(domain).contains(key)) return true;
    }
    return false;
  }

  void insert_once_more(const Table& t, bool moved, const Pairs& old, const Pairs& now) {
    std::string next;
    try {
      next =
          session_.exec(fmt::format("SELECT nextval({})", db::quote_literal(t.columns[0].sequence)))
              .only()
              .value();
    } catch (const db::Error& error) {
      if (error.sqlstate == "2200H") return;  // at its limit: it gives out nothing
      throw;
    }
    for (const Table& other : schema_.tables) {
      if (other.columns[0].sequence != t.columns[0].sequence) continue;
      const int domain = other.columns[0].domain;
      if (!now.contains(domain)) continue;
      for (const auto& [key, id] : now.at(domain)) {
        const bool fresh = !old.contains(domain) || !old.at(domain).contains(key);
        if (id == next && (moved || fresh)) {
          throw Broken(fmt::format("sequence {} gives out {}, which is used in {}",
                                   t.columns[0].sequence, next, other.sql()));
        }
      }
    }
  }

  const Schema schema_;
  Journey journey_;
  const std::vector<WriteRecipe> writes_;
  db::Connection session_{journey_.database.url(), "test"};
  std::string log_;
};

}  // namespace

std::string trip(const Schema& schema, const std::vector<WriteRecipe>& writes) {
  std::string story = to_sql(schema) + "\n-- decisions: " + decisions(schema);
  try {
    Trip t(schema, writes);
    story = t.story();
    try {
      return t.run();
    } catch (...) {
      story = t.story();
      throw;
    }
  } catch (const NotCarriedOver& refused) {
    throw NotCarriedOver(story + "\n" + refused.what());
  } catch (const Broken& broken) {
    throw Broken(story + "\n" + broken.what());
  } catch (const db::Error& error) {
    throw Broken(fmt::format("{}\n{} ({})\n{}", story, error.what(), error.sqlstate, error.detail));
  }
}

}  // namespace rekey::property
