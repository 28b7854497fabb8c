// What rapidcheck draws: small numbers, of which 0 is the plainest. Every recipe makes a valid
// database (see schema.h), so that shrinking a recipe shrinks the database.
#pragma once

#include <rapidcheck.h>

#include <vector>

namespace rekey::property {

struct ForeignKeyRecipe {
  unsigned target = 0;   // table, modulo their number
  unsigned to_code = 0;  // 1: its unique key, where it has one
  unsigned type = 0;     // 0: as the target's
  unsigned on_delete = 0, on_update = 0, deferral = 0;
  unsigned doubtful = 0;     // 1: NOT VALID; 2: with orphans
  unsigned spread = 0;       // 0: all rows point at one
  unsigned nulls = 0;        // every so manieth row points nowhere
  unsigned half_null = 0;    // of a composite key one part only; 2: MATCH FULL
  unsigned second = 0;       // one more foreign key on the same column
  unsigned has_default = 0;  // a sentinel
  unsigned comment = 0;
};

struct TableRecipe {
  unsigned kind =
      0;  // own key, shared with another table's, of two foreign keys, of one and a number
  unsigned name = 0, schema = 0;
  unsigned type = 0;                     // integer, bigint, smallint
  unsigned source = 0;                   // of ids: serial, identity (1, 2, 5), nothing, a sequence
  unsigned shared = 0;                   // 1: the neighbour's sequence
  unsigned increment = 0, position = 0;  // of the sequence
  unsigned code = 0;                     // a unique key beside the primary one
  unsigned generator = 0;                // 0: the plan's
  unsigned time = 0;
  unsigned indexes = 0, marks = 0;  // sets of bits
  unsigned row_security = 0;
  unsigned family = 0;  // partitions, children
  unsigned by_key = 0;  // 1: partitions by the key
  unsigned domain = 0;  // 1: its type is a domain over the integer
  unsigned phase = 0;
  std::vector<unsigned> ids;
  std::vector<ForeignKeyRecipe> foreign_keys;
};

struct DependentRecipe {
  unsigned kind = 0;                // line of a table of templates, modulo their number
  unsigned on = 0, column = 0;      // table, partition or view before it, and a key of that
  unsigned other = 0;               // one of the keys of the same domain
  unsigned id = 0, another_id = 0;  // literals
  unsigned name = 0, schema = 0;
};

struct WriteRecipe {
  unsigned kind = 0;  // insert, delete, point elsewhere, change the key
  unsigned table = 0, row = 0, parent = 0;
};

struct Recipe {
  std::vector<DependentRecipe> dependents;
  std::vector<TableRecipe> tables;
  std::vector<WriteRecipe> writes;
  bool meaningless = false;  // what dependents do with keys; not drawn
  unsigned owner = 0;  // 1: a role that is no superuser
  unsigned jobs = 0;
  unsigned keep = 0;     // a domain of this table, counted from 1
  unsigned phases = 0;   // how many are given; 0: derived
  unsigned back_to = 0;  // one to go back to on the way
};

rc::Gen<Recipe> recipes();

}  // namespace rekey::property
