// The one table of what may stand in a plan: parser, printer and JSON Schema all go by it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/plan/plan.h"

namespace rekey::plan {

enum class Kind {
  text,
  stages,  // numbers of rows, then "rest"
  label,  // a name of ours: letters, digits, blanks, - and _
  name,   // an identifier in the database, at most 63 bytes
  names,  // one or a list of them
  word,   // one of `words`
  boolean,
  integer,    // from `least` to `most`
  duration,   // 2s, 500ms
  memory,     // 256MB
  qualified,  // public.users_id_seq, kept as text
  table,      // public.users
  tables,     // one or a list of them
  reference,  // public.users (user_id)
  object,
  list,  // of objects
  map    // of objects by name
};

// Where a value is kept. The pointers live as long as the structure they point into; a pointer to
// an item of a list only until the next one is appended.
struct WordSlot {  // an enumeration
  void* member;
  Span* span;
  int (*get)(const void* member);  // -1: not given
  void (*set)(void* member, int value);
};
struct ObjectSlot {  // a structure
  void* member;
};
struct ItemsSlot {  // a vector of structures
  void* items;
  void* (*append)(void* items);
  std::size_t (*size)(const void* items);
  void* (*at)(void* items, std::size_t index);
};
using Slot = std::variant<Text*, Texts*, Located<bool>*, Located<int>*, Located<TableName>*,
                          std::vector<Located<TableName>>*, Located<Reference>*, WordSlot, ObjectSlot,
                          ItemsSlot>;

struct Object;

struct Field {
  std::string_view key;
  Kind kind;
  Slot (*slot)(void* owner);
  std::string_view help;     // one sentence, no full stop
  std::string_view example;  // what an error message offers
  bool required = false;
  std::vector<std::string> words = {};     // of kind word, in the order of the enumeration
  int first_word = 0;                      // the enumeration's value of words[0]
  std::string_view standard = {};          // what holds when a word or boolean is not given
  std::vector<std::string> reserved = {};  // words that will mean something later
  std::vector<std::pair<std::string, std::string>> synonyms =
      {};                      // what else is written, what is meant
  std::string_view hint = {};  // what to do when no word is near
  int least = 0, most = 0;
  const Object* object = nullptr;  // of kinds object, list, map
};

struct Object {
  std::string_view noun;  // "foreign key"
  std::string_view id;    // of its definition in the JSON Schema
  std::string_view help;
  std::vector<Field> fields;
  std::string_view shorthand = {};      // a value that is no map stands for this field
  Slot (*name)(void* item) = nullptr;   // of an item in a map: where its name is kept
  Kind name_kind = Kind::name;         // of that name; qualified for tables
  Span* (*span)(void* item) = nullptr;  // where the place of the whole is kept
  bool block = false;                   // printed over several lines even where one would do

  const Field* find(std::string_view key) const;
};

const Object& plan_object();
const std::vector<const Object*>& all_objects();

}  // namespace rekey::plan
