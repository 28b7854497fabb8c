#include "tests/property/repairs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <map>

#include "tests/property/journey.h"

namespace rekey::property {

namespace {

using Rows = std::map<std::string, db::Row>;

class Repair {
 public:
  explicit Repair(const LibraryRecipe& recipe) : recipe_(recipe), library_(recipe), journey_(library_.sql(), false) {}

  std::string run() {
    journey_.name_not_nulls(library_.decisions());
    const std::string schema = journey_.database.schema();
    const auto before = all_rows();
    const auto targets = all_targets();
    const std::array<std::string, 2> stay{notes(library_.staying(kUsers)), notes(library_.staying(kDocuments))};
    journey_.compile(library_.decisions());
    const test::Result applied = journey_.rekey({"apply"}, jobs());
    if (applied.code != 0) {
      const std::string why = right_to_refuse(applied);
      if (why.empty()) throw Broken("apply: " + last_lines(applied));
      expect_done("rollback", journey_.rekey({"rollback"}));
      same_schema(schema, journey_.database.schema());
      if (all_rows() != before) throw Broken("apply was refused and left rows changed");
      return why;
    }
    expect_done("verify", journey_.rekey({"verify"}));
    expect_mended(before, targets, stay);
    const auto mended = all_rows();
    write();
    const auto written = all_rows();
    expect_done("rollback", journey_.rekey({"rollback"}, jobs()));
    same_schema(schema, journey_.database.schema());
    expect_back(before, mended, written);
    expect_targets_back(targets);
    expect_done("apply again", journey_.rekey({"apply"}, jobs()));
    expect_done("verify again", journey_.rekey({"verify"}));
    return "back";
  }

  std::string story() const { return fmt::format("{}-- decisions: {}\n-- jobs: {}\n{}", library_.sql(), library_.decisions(), jobs(), log_); }

 private:
  int jobs() const { return static_cast<int>(recipe_.jobs) + 1; }

  // Where the plan is silent on what refers to rows that are removed, or cannot say it.
  std::string right_to_refuse(const test::Result& result) const {
    const auto says = [&](const char* text) { return result.err.find(text) != std::string::npos; };
    if (result.code != 1 || !says("This step has changed nothing") || library_.lost().empty()) return "";
    if (recipe_.unsaid != 0 && says("that would be removed")) return "a reference of which nothing was said";
    if (library_.has(kLists) && says("rows of public.lists refer to rows of") && says("that would be removed")) return "an array";
    return "";
  }

  // By their notes; but for the mark of those that were touched, which is last.
  Rows rows_of(Shelf shelf) {
    Rows rows;
    if (!library_.has(shelf)) return rows;
    for (const db::Row& row : session_.exec(fmt::format("SELECT note, (to_jsonb(t) - 'touched')::text, touched FROM {} t", library_.table(shelf))).rows) {
      if (!rows.emplace(row[0].value(), db::Row(row.begin() + 1, row.end())).second) throw Broken("row " + *row[0] + " stands there twice");
    }
    return rows;
  }

  std::vector<Rows> all_rows() {
    std::vector<Rows> all;
    for (int shelf = 0; shelf < kShelves; ++shelf) all.push_back(rows_of(static_cast<Shelf>(shelf)));
    return all;
  }

  std::vector<Rows> all_targets() {
    std::vector<Rows> all;
    for (const Reference& reference : library_.references()) {
      Rows rows;
      for (const db::Row& row : session_.exec(library_.targets_of(reference)).rows) rows[row[0].value()] = db::Row(row.begin() + 1, row.end());
      all.push_back(rows);
    }
    return all;
  }

  std::string notes(const std::string& query) {
    if (query.empty()) return "";
    std::set<std::string> found;
    for (const db::Row& row : session_.exec(query).rows) found.insert(row[0].value());
    return fmt::format("{}", fmt::join(found, " "));
  }

  void expect_mended(const std::vector<Rows>& before, const std::vector<Rows>& targets, const std::array<std::string, 2>& stay) {
    const auto after = all_rows();
    expect_archived(before, after);
    expect_targets(targets);
    for (const Shelf shelf : {kUsers, kDocuments}) {
      const std::string twice = library_.twice(shelf);
      if (!twice.empty() && !session_.exec(twice).rows.empty()) throw Broken("rows of " + library_.table(shelf) + " should have become one");
      if (stay[shelf].empty()) continue;
      std::vector<std::string> left;
      for (const auto& [note, row] : after[shelf]) left.push_back(note);
      const std::string is = fmt::format("{}", fmt::join(left, " "));
      if (is != stay[shelf]) throw Broken(fmt::format("{}: {} should have stayed, {} did", library_.table(shelf), stay[shelf], is));
    }
  }

  // What is gone stands in the archives, for the reason that it has; all else is there.
  void expect_archived(const std::vector<Rows>& before, const std::vector<Rows>& after) {
    std::set<std::string> removed, merged;
    for (const db::Row& archive : session_.exec("SELECT archive, action FROM rekey.archives WHERE columns IS NULL").rows) {
      for (const db::Row& row : session_.exec(fmt::format("SELECT note FROM {}", *archive[0])).rows) {
        (*archive[1] == "merge" ? merged : removed).insert(row[0].value());
      }
    }
    if (removed != library_.lost())
      throw Broken(fmt::format("{} refer to none, {} were removed", fmt::join(library_.lost(), " "), fmt::join(removed, " ")));
    for (std::size_t shelf = 0; shelf < before.size(); ++shelf) {
      for (const auto& [note, row] : before[shelf]) {
        const bool archived = removed.contains(note) || merged.contains(note);
        if (archived == after[shelf].contains(note)) throw Broken(fmt::format("row {} is {}", note, archived ? "archived and there" : "gone"));
      }
      if (after[shelf].size() > before[shelf].size()) throw Broken("rows too many");
    }
  }

  // Every reference is to a row that is there, the one that it was to or the one that that became.
  void expect_targets(const std::vector<Rows>& targets) {
    const auto now = all_targets();
    for (std::size_t r = 0; r < now.size(); ++r) {
      const std::string which = fmt::format("{} ({})", library_.table(library_.references()[r].child), fmt::join(library_.references()[r].columns, ", "));
      for (const auto& [note, row] : now[r]) {
        const db::Row& was = targets[r].at(note);
        if (row[0] == "t" && !row[1]) throw Broken(fmt::format("row {} of {} refers to none", note, which));
        if (row[1] && row[1] != was[1]) {
          throw Broken(fmt::format("row {} of {} refers to {}, and did to {}", note, which, *row[1], was[1].value_or("none")));
        }
        if (row[0] == "f" && was[0] == "t" && library_.references()[r].rule != "set_null") throw Broken(fmt::format("row {} of {} refers to nothing", note, which));
      }
    }
  }

  void write() {
    int number = 0;
    for (const LibraryWrite& what : recipe_.writes) {
      const std::string statement = library_.write(what, ++number);
      log_ += statement + ";\n";
      session_.exec(statement);
    }
  }

  // Rows of before are back, but for what was done to them since, and those written since are there.
  void expect_back(const std::vector<Rows>& before, const std::vector<Rows>& mended, const std::vector<Rows>& written) {
    const auto back = all_rows();
    for (std::size_t shelf = 0; shelf < before.size(); ++shelf) {
      for (const auto& [note, row] : before[shelf]) {
        const auto found = back[shelf].find(note);
        const bool deleted = mended[shelf].contains(note) && !written[shelf].contains(note);
        if (deleted != (found == back[shelf].end())) throw Broken(fmt::format("row {} is {}", note, deleted ? "back, and was deleted" : "gone"));
        if (deleted) continue;
        const auto since = written[shelf].find(note);
        const bool touched = since != written[shelf].end() && since->second[1] == "t";
        if ((found->second[1] == "t") != touched) throw Broken(fmt::format("row {} has not what was written since", note));
        if (found->second[0] != row[0] && !(touched && shelf == kVisits))
          throw Broken(fmt::format("row {} was\n{}\nand is\n{}", note, *row[0], *found->second[0]));
      }
      for (const auto& [note, row] : written[shelf]) {
        if (!back[shelf].contains(note)) throw Broken("row " + note + ", which was there before the rollback, is gone");
      }
    }
  }

  // None that referred to no row refers to one that was written since.
  void expect_targets_back(const std::vector<Rows>& targets) {
    const auto now = all_targets();
    for (std::size_t r = 0; r < now.size(); ++r) {
      for (const auto& [note, row] : targets[r]) {
        const auto found = now[r].find(note);
        if (found == now[r].end() || library_.references()[r].child == kVisits) continue;
        if (found->second != row) throw Broken(fmt::format("row {} refers to {}, and did to {}", note, found->second[1].value_or("none"), row[1].value_or("none")));
      }
    }
  }

  const LibraryRecipe recipe_;
  const Library library_;
  Journey journey_;
  db::Connection session_{journey_.database.url(), "test"};
  std::string log_;
};

}  // namespace

std::string mend(const LibraryRecipe& recipe) {
  const Library library(recipe);
  std::string story = library.sql() + "-- decisions: " + library.decisions();
  try {
    Repair repair(recipe);
    try {
      return repair.run();
    } catch (...) {
      story = repair.story();
      throw;
    }
  } catch (const Broken& broken) {
    throw Broken(story + "\n" + broken.what());
  } catch (const db::Error& error) {
    throw Broken(fmt::format("{}\n{} ({})\n{}", story, error.what(), error.sqlstate, error.detail));
  }
}

}  // namespace rekey::property
