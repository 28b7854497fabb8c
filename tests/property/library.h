// A library whose rows stand in the way of new keys: the same user twice, the same file twice, rows that refer to none;
// with what a plan decides about them, and what has to become of each row.
#pragma once

#include <rapidcheck.h>

#include <array>
#include <set>
#include <string>
#include <vector>

namespace rekey::property {

// What rapidcheck draws: small numbers, of which 0 is the plainest.
struct EntryRecipe {
  std::array<unsigned, 2> targets{};  // rows that it refers to, modulo their number
  unsigned orphan = 0;                // which of them is not there, counted from 1
  unsigned value = 0, time = 0, score = 0;
};

struct LibraryWrite {
  unsigned kind = 0, row = 0, other = 0;
};

struct LibraryRecipe {
  unsigned key = 0;                    // of documents: integer, bigint, uuid
  unsigned users = 0, documents = 0;   // which row stays of those that become one; 0: none does, unless keys are UUIDs
  unsigned by_expression = 0;          // how the key of a document is made
  unsigned by_file = 0;                // from the file alone, not from its user
  unsigned unique_file = 0, unique_tag = 0;
  unsigned match_full = 0, name = 0, jobs = 0;
  std::array<unsigned, 8> rules{}, not_valid{}, nullable{}, on_delete{};  // by reference
  unsigned unsaid = 0;                 // a reference that the plan says nothing of, counted from 1
  std::array<std::vector<EntryRecipe>, 7> entries;
  std::vector<LibraryWrite> writes;
};

rc::Gen<LibraryRecipe> libraries();

enum Shelf { kUsers, kDocuments, kChunks, kQuotes, kTags, kVisits, kLists };
inline constexpr int kShelves = 7;

struct Reference {
  Shelf child, parent;
  std::vector<std::string> columns, parent_columns;  // quoted
  std::string constraint;                            // empty: of no foreign key
  std::string rest;                                  // of its definition
  bool nullable = true;
  std::string rule;  // empty: the plan says nothing
};

struct Entry {
  std::string note;
  std::vector<std::string> values;  // as the columns of its table that stand for no reference
  std::vector<int> targets;         // by reference of its table: place of a row, kNowhere, kLost and below
  std::string elements;             // of lists
};
inline constexpr int kNowhere = -1, kLost = -2;

class Library {
 public:
  explicit Library(const LibraryRecipe& recipe);

  std::string sql() const;
  std::string decisions() const;  // JSON, which is YAML
  std::string table(Shelf shelf) const;
  bool has(Shelf shelf) const { return shelf != kLists || !entries_[kLists].empty(); }
  const std::vector<Reference>& references() const { return references_; }

  // Notes of rows that are removed because they, or those that they refer to, refer to none.
  std::set<std::string> lost() const;
  // A query: note, whether the row refers to any, and what that one and those that become one with it have in common.
  std::string targets_of(const Reference& reference) const;
  // A query: rows of users or documents that should have become one.
  std::string twice(Shelf shelf) const;
  // A query: notes of those that stay of users or documents; empty where that depends on what refers to them.
  std::string staying(Shelf shelf) const;
  // A statement with keys that are new.
  std::string write(const LibraryWrite& what, int number) const;

 private:
  void refer();
  void fill(Shelf shelf);
  void add(Shelf shelf, const EntryRecipe& drawn, std::set<std::string>& taken);
  int target(int reference, unsigned drawn, bool lost) const;
  std::vector<std::string> literals(int reference, int target) const;
  std::string id(int place) const;
  std::string columns(Shelf shelf) const;
  std::string row(Shelf shelf, const Entry& entry) const;
  std::string natural(Shelf shelf) const;
  std::string any(Shelf shelf, const std::string& columns, unsigned drawn) const;
  std::vector<int> references_from(Shelf shelf) const;

  const LibraryRecipe recipe_;
  const bool users_merge_, documents_merge_;
  std::string key_, documents_;  // names, quoted
  std::vector<Reference> references_;
  std::array<std::vector<Entry>, kShelves> entries_;
};

}  // namespace rekey::property
