#include "tests/property/library.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compiler/plan/names.h"
#include "runtime/db/connection.h"
#include "tests/property/schema.h"
#include "tests/property/values.h"

namespace rekey::property {

namespace {

using Json = nlohmann::ordered_json;
using db::quote_literal;

constexpr std::array kTagKeys = {"", "({}, label)", "({}, user_id)", "({}, user_id) WHERE label = 'a'", "(lower(label), user_id, {})"};

std::string document_type(unsigned key) { return key == 0 ? "integer" : key == 1 ? "bigint" : "uuid"; }

std::string day(unsigned drawn) { return drawn == 0 ? "NULL" : fmt::format("'2024-01-{:02}'", drawn); }
std::string number(unsigned drawn) { return drawn == 0 ? "NULL" : std::to_string(drawn); }

// How the row that stays is chosen, in the plan's words: newest, oldest, newest by its key, most_children, expression.
Json keep(unsigned drawn, bool of_uuids) {
  constexpr std::array kWords = {"newest", "oldest", "newest", "most_children", "expression"};
  Json item = {{"on_duplicate", "merge"}, {"keep", kWords[drawn - 1]}};
  if (drawn == 1 || drawn == 2 || (drawn == 3 && of_uuids)) item["time_column"] = "at";
  if (drawn == 5) item["keep_expression"] = "score";
  return item;
}

std::string order(unsigned drawn, bool of_uuids, const std::string& key) {
  if (drawn == 1 || (drawn == 3 && of_uuids)) return fmt::format("at DESC NULLS LAST, {} DESC", key);
  if (drawn == 2) return fmt::format("at NULLS LAST, {}", key);
  return drawn == 3 ? key + " DESC" : fmt::format("score DESC NULLS LAST, {}", key);
}

}  // namespace

Library::Library(const LibraryRecipe& recipe)
    : recipe_(recipe),
      users_merge_(recipe.users != 0),
      documents_merge_(recipe.documents != 0 || recipe.key == 2),
      key_(sql_name(odd_name(recipe.name, "document_id"))),
      documents_("public." + sql_name(odd_name(recipe.name, "documents"))) {
  refer();
  for (int shelf = 0; shelf < kShelves; ++shelf) fill(static_cast<Shelf>(shelf));
}

void Library::refer() {
  const bool of_user = documents_merge_ && !recipe_.by_file;  // a document without user has no name then
  const auto nullable = [&](int r) { return recipe_.nullable[r] != 0; };
  const auto one = [&](Shelf child, Shelf parent, const std::string& column, bool may_be_null) {
    references_.push_back({child, parent, {column}, {parent == kUsers ? "user_id" : key_}, "", "", may_be_null, ""});
  };
  one(kDocuments, kUsers, "user_id", nullable(0) && !of_user);
  one(kDocuments, kDocuments, "copy_of", true);
  one(kChunks, kDocuments, key_, false);
  references_.push_back({kQuotes, kChunks, {key_, "n"}, {key_, "n"}, "", "", nullable(3), ""});
  one(kTags, kDocuments, key_, nullable(4));
  one(kTags, kUsers, "user_id", nullable(5));
  one(kVisits, kUsers, "by_user", true);
  one(kVisits, kDocuments, "about", true);
  for (int r = 0; r < static_cast<int>(references_.size()); ++r) {
    Reference& reference = references_[r];
    if (reference.child != kVisits) {
      reference.constraint = fmt::format("reference_{}", r);
      if (r == 3 && recipe_.match_full) reference.rest += " MATCH FULL";
      const std::string on_delete = action(recipe_.on_delete[r]);
      if (!on_delete.empty()) reference.rest += " ON DELETE " + on_delete;
      if (recipe_.not_valid[r]) reference.rest += " NOT VALID";
    }
    constexpr std::array kRules = {"quarantine", "delete", "set_null"};
    if (static_cast<int>(recipe_.unsaid) == r + 1) continue;
    reference.rule = kRules[reference.nullable ? recipe_.rules[r] % 3 : recipe_.rules[r] % 2];
  }
}

std::vector<int> Library::references_from(Shelf shelf) const {
  std::vector<int> found;
  for (int r = 0; r < static_cast<int>(references_.size()); ++r) {
    if (references_[r].child == shelf) found.push_back(r);
  }
  return found;
}

int Library::target(int r, unsigned drawn, bool lost) const {
  const Reference& reference = references_[r];
  if (lost && !reference.rule.empty()) return kLost - static_cast<int>(drawn % 3);
  if (reference.nullable && drawn % 5 == 4) return kNowhere;
  const int rows = static_cast<int>(entries_[reference.parent].size());
  return rows == 0 ? kNowhere : static_cast<int>(drawn) % rows;
}

void Library::fill(Shelf shelf) {
  std::set<std::string> taken;
  if (shelf == kLists && recipe_.key == 2) return;
  for (const EntryRecipe& drawn : recipe_.entries[shelf]) add(shelf, drawn, taken);
}

void Library::add(Shelf shelf, const EntryRecipe& drawn, std::set<std::string>& taken) {
  constexpr std::array kLetters = {"a", "A", "b", "c"};
  const std::string letter = quote_literal(kLetters[drawn.value % 4]);
  auto& rows = entries_[shelf];
  Entry entry{fmt::format("{}{}", "udcqtvl"[shelf], rows.size() + 1), {}, {}, ""};
  std::vector<std::string> identity{letter};
  unsigned place = 0;
  for (int r : references_from(shelf)) {
    entry.targets.push_back(target(r, drawn.targets[place], drawn.orphan == place + 1));
    ++place;
    const auto values = literals(r, entry.targets.back());
    if (values[0] == "NULL" && !references_[r].nullable) return;
    identity.insert(identity.end(), values.begin(), values.end());
  }
  if (shelf == kUsers || shelf == kDocuments) entry.values = {letter, day(drawn.time % 4), number(drawn.score % 4)};
  if (shelf == kDocuments && recipe_.unique_file && identity[1] != "NULL" && !taken.insert(identity[1] + letter).second) return;
  if (shelf == kChunks) {
    entry.values = {std::to_string(drawn.value % 4)};
    if (!taken.insert(fmt::format("{} {}", identity[1], drawn.value % 4)).second) return;
  }
  if (shelf == kTags) {
    entry.values = {letter};
    const unsigned kind = recipe_.unique_tag % kTagKeys.size();
    const bool has_null = identity[1] == "NULL" || (kind > 1 && identity[2] == "NULL");
    std::string same = kind == 1 ? identity[1] + letter : identity[1] + " " + identity[2];
    if (kind == 3 && letter != "'a'") same.clear();
    if (kind == 4) same += letter == "'A'" ? "'a'" : letter;
    if (kind > 0 && !same.empty() && !has_null && !taken.insert(same).second) return;
  }
  if (shelf == kLists) {
    const int documents = static_cast<int>(entries_[kDocuments].size());
    for (unsigned t : drawn.targets) {
      if (documents > 0) entry.elements += (entry.elements.empty() ? "" : ",") + std::to_string(t % documents + 1);
    }
  }
  rows.push_back(entry);
}

std::string Library::id(int place) const {
  const int n = place >= 0 ? place + 1 : 900 + kLost - place;
  return recipe_.key == 2 ? fmt::format("'00000000-0000-4000-8000-{:012}'", n) : std::to_string(n);
}

std::vector<std::string> Library::literals(int r, int target) const {
  const Reference& reference = references_[r];
  if (target == kNowhere) return std::vector<std::string>(reference.columns.size(), "NULL");
  if (reference.parent == kUsers) return {std::to_string(target >= 0 ? target + 1 : 900 + kLost - target)};
  if (reference.parent == kDocuments) return {id(target)};
  if (target <= kLost) return {id(target), "1"};
  const Entry& chunk = entries_[kChunks][target];
  return {id(chunk.targets[0]), chunk.values[0]};
}

std::string Library::table(Shelf shelf) const {
  constexpr std::array kNames = {"users", "", "chunks", "quotes", "tags", "visits", "lists"};
  return shelf == kDocuments ? documents_ : fmt::format("public.{}", kNames[shelf]);
}

std::string Library::columns(Shelf shelf) const {
  std::vector<std::string> all{"note"};
  if (shelf == kDocuments && recipe_.key == 2) all.push_back(key_);
  if (shelf == kUsers) all.insert(all.end(), {"email", "at", "score"});
  if (shelf == kDocuments) all.insert(all.end(), {"sha", "at", "score"});
  if (shelf == kChunks) all.push_back("n");
  if (shelf == kTags) all.push_back("label");
  if (shelf == kLists) all.push_back("documents");
  for (int r : references_from(shelf)) all.insert(all.end(), references_[r].columns.begin(), references_[r].columns.end());
  return fmt::format("{}", fmt::join(all, ", "));
}

std::string Library::row(Shelf shelf, const Entry& entry) const {
  std::vector<std::string> all{quote_literal(entry.note)};
  if (shelf == kDocuments && recipe_.key == 2) all.push_back(id(static_cast<int>(&entry - entries_[kDocuments].data())));
  all.insert(all.end(), entry.values.begin(), entry.values.end());
  if (shelf == kLists) all.push_back("'{" + entry.elements + "}'");
  std::size_t place = 0;
  for (int r : references_from(shelf)) {
    const auto values = literals(r, entry.targets[place++]);
    all.insert(all.end(), values.begin(), values.end());
  }
  return fmt::format("({})", fmt::join(all, ", "));
}

std::string Library::sql() const {
  const auto needed = [&](int r) { return references_[r].nullable ? "" : " NOT NULL"; };
  const std::string type = document_type(recipe_.key);
  const std::string made = recipe_.key == 0 ? "serial" : recipe_.key == 1 ? "bigint GENERATED ALWAYS AS IDENTITY" : "uuid";
  const std::string touched = "note text NOT NULL, touched boolean NOT NULL DEFAULT false";
  std::string out = fmt::format(
      "CREATE TABLE public.users (user_id serial PRIMARY KEY, email text NOT NULL, at date, score integer, {0});\n"
      "CREATE TABLE {1} ({2} {3} PRIMARY KEY, user_id integer{4}, sha text NOT NULL, copy_of {5}, at date, score integer, {0}{6});\n"
      "CREATE TABLE public.chunks ({2} {5} NOT NULL, n integer NOT NULL, body json DEFAULT '{{\"a\":  1}}', {0}, PRIMARY KEY ({2}, n));\n"
      "CREATE TABLE public.quotes (quote_id serial PRIMARY KEY, {2} {5}{7}, n integer{7}, {0});\n"
      "CREATE TABLE public.tags (tag_id serial PRIMARY KEY, {2} {5}{8}, user_id integer{9}, label text, {0});\n"
      "CREATE TABLE public.visits (visit_id serial PRIMARY KEY, by_user integer, about {5}, {0});\n",
      touched, documents_, key_, made, needed(0), type,
      recipe_.unique_file ? ", CONSTRAINT uq_user_filehash UNIQUE (user_id, sha)" : "", needed(3), needed(4), needed(5));
  if (has(kLists)) out += fmt::format("CREATE TABLE public.lists (list_id serial PRIMARY KEY, documents {}[], {});\n", type, touched);
  if (const unsigned kind = recipe_.unique_tag % kTagKeys.size()) {
    out += fmt::format("CREATE UNIQUE INDEX tags_once ON public.tags {};\n", fmt::format(fmt::runtime(kTagKeys[kind]), key_));
  }
  for (const Reference& reference : references_) {
    if (reference.constraint.empty()) continue;
    out += fmt::format("ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){};\n", table(reference.child),
                       reference.constraint, fmt::join(reference.columns, ", "), table(reference.parent),
                       fmt::join(reference.parent_columns, ", "), reference.rest);
  }
  out += "SET session_replication_role = replica;\n";
  for (int shelf = 0; shelf < kShelves; ++shelf) {
    std::vector<std::string> rows;
    for (const Entry& entry : entries_[shelf]) rows.push_back(row(static_cast<Shelf>(shelf), entry));
    if (rows.empty()) continue;
    out += fmt::format("INSERT INTO {} ({}) VALUES\n  {};\n", table(static_cast<Shelf>(shelf)), columns(static_cast<Shelf>(shelf)),
                       fmt::join(rows, ",\n  "));
  }
  return out + "RESET session_replication_role;\n";
}

std::string Library::decisions() const {
  const bool of_uuids = recipe_.key == 2;
  const std::string raw_key = odd_name(recipe_.name, "document_id");
  const std::string documents = "public." + plan::name_part(odd_name(recipe_.name, "documents"));
  Json tables = Json::object();
  if (users_merge_) {
    tables["public.users"] = {{"generator", "v5"}, {"namespace", "dns"}, {"name_template", "{email}"}, {"columns", {{"user_id", {{"new_default", "none"}}}}}};
    tables["public.users"].update(keep(recipe_.users, false));
  }
  if (documents_merge_) {
    Json item = {{"columns", {{raw_key, {{"new_default", "none"}}}}}};
    if (recipe_.by_expression) {
      item["generator"] = "expression";
      item["key_expression"] = recipe_.by_file ? "md5(sha)::uuid" : "md5(user_id::text || ':' || sha)::uuid";
    } else {
      item.update({{"generator", "v5"}, {"namespace", "url"}, {"name_template", recipe_.by_file ? "{sha}" : "{user_id}:{sha}"}});
    }
    item.update(keep(std::max(recipe_.documents, 1u), of_uuids));
    tables[documents] = item;
  }
  for (const Reference& reference : references_) {
    const std::string child = reference.child == kDocuments ? documents : table(reference.child);
    if (!reference.constraint.empty()) {
      if (!reference.rule.empty()) tables[child]["foreign_keys"][reference.constraint] = {{"orphans", reference.rule}};
      continue;
    }
    Json item = {{"columns", {reference.columns[0]}}, {"references", reference.parent == kUsers ? "public.users" : documents}};
    if (!reference.rule.empty()) item["orphans"] = reference.rule;
    tables[child]["logical_references"].push_back(item);
  }
  if (has(kLists)) tables["public.lists"]["logical_references"] = {{{"columns", {"documents"}}, {"references", documents}}};
  return Json{{"tables", tables}}.dump();
}

std::set<std::string> Library::lost() const {
  std::set<std::string> gone;
  for (bool more = true; more;) {
    more = false;
    for (const auto& rows : entries_) {
      const Shelf shelf = static_cast<Shelf>(&rows - entries_.data());
      const auto from = references_from(shelf);
      for (const Entry& entry : rows) {
        for (std::size_t i = 0; i < from.size(); ++i) {
          const Reference& reference = references_[from[i]];
          if (reference.rule != "quarantine" && reference.rule != "delete") continue;
          const int to = entry.targets[i];
          if (to == kNowhere || (to >= 0 && !gone.contains(entries_[reference.parent][to].note))) continue;
          more = gone.insert(entry.note).second || more;
        }
      }
    }
  }
  return gone;
}

std::string Library::natural(Shelf shelf) const {
  const std::string user = users_merge_ ? "email" : "note";
  if (shelf == kUsers) return fmt::format("SELECT user_id AS k1, {} AS same FROM public.users", user);
  if (shelf == kChunks) {
    return fmt::format("SELECT c.{} AS k1, c.n AS k2, coalesce(d.same, '?') || '/' || c.n AS same FROM public.chunks c LEFT JOIN ({}) d ON d.k1 = c.{}",
                       key_, natural(kDocuments), key_);
  }
  const bool of_user = documents_merge_ ? !recipe_.by_file : recipe_.unique_file && users_merge_;
  const std::string same = of_user ? fmt::format("coalesce(u.{}, '?') || ':' || d.sha", user) : documents_merge_ ? "d.sha" : "d.note";
  return fmt::format("SELECT d.{} AS k1, {} AS same FROM {} d LEFT JOIN public.users u ON u.user_id = d.user_id", key_, same, documents_);
}

std::string Library::targets_of(const Reference& reference) const {
  std::string joined, given;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    joined += fmt::format("{}p.k{} = c.{}", i ? " AND " : "", i + 1, reference.columns[i]);
    given += fmt::format("{}c.{} IS NOT NULL", i ? " AND " : "", reference.columns[i]);
  }
  return fmt::format("SELECT c.note, {}, p.same FROM {} c LEFT JOIN ({}) p ON {}", given, table(reference.child), natural(reference.parent), joined);
}

std::string Library::twice(Shelf shelf) const {
  const bool merges = shelf == kUsers ? users_merge_ : documents_merge_;
  return merges ? fmt::format("SELECT same FROM ({}) n GROUP BY same HAVING count(*) > 1", natural(shelf)) : "";
}

std::string Library::staying(Shelf shelf) const {
  const bool merges = shelf == kUsers ? users_merge_ : documents_merge_ && !(recipe_.unique_file && users_merge_);
  const unsigned kept = shelf == kUsers ? recipe_.users : std::max(recipe_.documents, 1u);
  if (!merges || kept == 4) return "";
  std::vector<std::string> gone{"''"};
  for (const std::string& note : lost()) gone.push_back(quote_literal(note));
  return fmt::format("SELECT DISTINCT ON (same) note FROM {} t JOIN ({}) n ON n.k1 = t.{} WHERE note NOT IN ({}) ORDER BY same, {}", table(shelf),
                     natural(shelf), shelf == kUsers ? "user_id" : key_, fmt::join(gone, ", "),
                     order(kept, shelf == kDocuments && recipe_.key == 2, shelf == kUsers ? "user_id" : key_));
}

std::string Library::any(Shelf shelf, const std::string& columns, unsigned drawn) const {
  return fmt::format("SELECT {0} FROM {1} ORDER BY note OFFSET {2} % (SELECT greatest(count(*), 1) FROM {1}) LIMIT 1", columns, table(shelf), drawn);
}

std::string Library::write(const LibraryWrite& what, int number) const {
  const std::string note = fmt::format("'w{}'", number);
  const std::string user = "(" + any(kUsers, "user_id", what.row) + ")", document = "(" + any(kDocuments, key_, what.other) + ")";
  const auto one_of = [&](std::initializer_list<Shelf> shelves, unsigned drawn) { return shelves.begin()[drawn % shelves.size()]; };
  switch (what.kind) {
    case 0: return fmt::format("INSERT INTO public.users (user_id, email, note) VALUES (gen_random_uuid(), {0}, {0})", note);
    case 1:
      return fmt::format("INSERT INTO {0} ({1}, user_id, copy_of, sha, note) SELECT gen_random_uuid(), u.user_id, {2}, {3}, {3} FROM ({4}) u", documents_,
                         key_, document, note, any(kUsers, "user_id", what.row));
    case 2:
      return fmt::format("INSERT INTO public.chunks ({0}, n, note) SELECT d.{0}, {1}, {2} FROM ({3}) d", key_, 100 + number, note,
                         any(kDocuments, key_, what.other));
    case 3:
      return fmt::format("INSERT INTO public.quotes ({0}, n, note) SELECT {0}, n, {1} FROM ({2}) c", key_, note, any(kChunks, key_ + ", n", what.row));
    case 4:
      return fmt::format("INSERT INTO public.tags ({0}, user_id, label, note) SELECT d.{0}, u.user_id, {1}, {1} FROM ({2}) d, ({3}) u ON CONFLICT DO NOTHING",
                         key_, note, any(kDocuments, key_, what.other), any(kUsers, "user_id", what.row));
    case 5: return fmt::format("INSERT INTO public.visits (by_user, about, note) VALUES ({}, {}, {})", user, document, note);
    case 6: return fmt::format("UPDATE public.visits SET by_user = {}, touched = true WHERE note = ({})", user, any(kVisits, "note", what.other));
    case 7: {
      const Shelf shelf = one_of({kVisits, kTags}, what.other);
      return fmt::format("DELETE FROM {} WHERE note = ({})", table(shelf), any(shelf, "note", what.row));
    }
    default: {
      const Shelf shelf = one_of({kUsers, kDocuments, kQuotes, kTags, kVisits}, what.other);
      return fmt::format("UPDATE {} SET touched = true WHERE note = ({})", table(shelf), any(shelf, "note", what.row));
    }
  }
}

}  // namespace rekey::property
