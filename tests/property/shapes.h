// Tables that change their shape: a surrogate for a key of up to three columns of several types, tables that follow to it,
// one that takes the keys of another, columns that go; through the cleanup, with rows written on the way, and back.
#pragma once

#include <rapidcheck.h>

#include <array>
#include <string>
#include <vector>

namespace rekey::property {

// What rapidcheck draws: small numbers, of which 0 is the plainest.
struct FollowerRecipe {
  unsigned key = 0;       // a number, a text, what it follows with and a number
  unsigned nullable = 0;  // of its columns, a set of bits; where it follows the first for all
  unsigned on_delete = 0, on_update = 0;
  unsigned stays = 0;   // 1: it does not follow
  unsigned index = 0;   // on the new column; of the old ones a set of bits
  unsigned drops = 0;   // 0: its columns stay
  std::vector<std::array<unsigned, 4>> rows;  // a cell, and which of its columns are NULL
};

struct ShapeRecipe {
  std::vector<unsigned> key;  // of cells: a reference, a number, a text, a uuid
  unsigned name = 0, column_name = 0, new_name = 0, generator = 0, jobs = 0;
  unsigned roots = 0;
  unsigned drops_code = 0, consolidates = 0, drops_root = 0;
  unsigned cleanup = 0;  // 0: through it
  std::vector<std::array<unsigned, 3>> cells;
  std::vector<FollowerRecipe> followers;
  std::vector<std::array<unsigned, 3>> before, after;  // what is written before and after the cleanup
};

rc::Gen<ShapeRecipe> shapes();

// Throws Broken. Gives how far it went: "back", or why it was rightly refused.
std::string reshape(const ShapeRecipe& recipe);

}  // namespace rekey::property
