// What random cases found, as tiny ones.
#include <gtest/gtest.h>

#include "tests/property/trip.h"

namespace rekey::property {
namespace {

TableRecipe table(std::vector<unsigned> ids, std::vector<ForeignKeyRecipe> foreign_keys = {}) {
  TableRecipe t;
  t.ids = std::move(ids);
  t.foreign_keys = std::move(foreign_keys);
  return t;
}

// pg_statistic, which proves that a table was analyzed, is for superusers only.
TEST(Regressions, OwnerWhoIsNoSuperuser) {
  Recipe r;
  r.tables = {table({1, 2})};
  r.owner = 1;
  EXPECT_EQ(trip(build(r, "ordered"), {{0, 0, 0, 0}}), "back");
}

// Rolled back from between its rewrites, a phase looked for fresh keys in columns that were
// integers.
TEST(Regressions, OrphanStopsAPhaseWhichGoesBack) {
  ForeignKeyRecipe orphans;
  orphans.doubtful = 2;
  orphans.spread = 1;
  Recipe r;
  r.tables = {table({0, 1, 2}, {orphans})};
  EXPECT_EQ(trip(build(r, "v7"), {}), "orphan of a listed key");
  EXPECT_EQ(trip(build(r, "ordered"), {{0, 0, 0, 1}}), "back");
}

// A role that FORCE ROW LEVEL SECURITY hides rows from came to a halt half-way, in both directions.
TEST(Regressions, RowSecurityForcedOnTheOwner) {
  Recipe r;
  r.tables = {table({0, 10, 11}, {ForeignKeyRecipe{}})};
  r.tables[0].row_security = 1;
  EXPECT_EQ(trip(build(r, "keyed"), {{0, 0, 0, 1}}), "back");
  r.owner = 1;
  EXPECT_EQ(trip(build(r, "keyed"), {}), "row security");
}

// A narrow foreign key was pointed at an old row with a large id: the rewrite of the way back
// failed.
TEST(Regressions, NarrowForeignKeyPointsAtALargeOldId) {
  ForeignKeyRecipe narrow;
  narrow.type = 3;
  Recipe r;
  r.tables = {table({0}, {narrow}), table({0, 18})};
  r.tables[0].foreign_keys[0].target = 1;
  r.tables[0].foreign_keys[0].nulls = 1;
  r.tables[1].type = 1;
  for (const char* generator : {"ordered", "keyed", "v4", "v7"}) {
    EXPECT_EQ(trip(build(r, generator), {{2, 0, 0, 2}}), "ids too large") << generator;
  }
}

// An heir was left out of the given phases because its parent, whose keys stay, is in none.
TEST(Regressions, HeirChangesBelowAParentThatStays) {
  ForeignKeyRecipe of_both;
  of_both.target = 4;  // of two tables the first, of three the second
  Recipe r;
  r.tables = {table({0, 1}, {of_both}), table({0, 1})};
  r.tables[0].family = 1;
  r.keep = 1;
  r.phases = 1;
  EXPECT_EQ(trip(build(r, "ordered"), {{0, 2, 0, 0}}), "back");
}

// What is decided about a default of a partitioned table had to be said of each partition again.
TEST(Regressions, PartitionsHaveTheNewDefaultOfTheirParent) {
  ForeignKeyRecipe with_default;
  with_default.has_default = 1;
  Recipe r;
  r.tables = {table({0, 1}), table({0, 1}, {ForeignKeyRecipe{}, with_default})};
  r.tables[1].kind = 3;
  for (unsigned family : {1u, 2u, 4u}) {
    r.tables[1].family = family;
    EXPECT_EQ(trip(build(r, "v7"), {{0, 1, 0, 0}}), "back") << family;
  }
}

// Two sessions made a view each, and with both the type of arrays of their rows, under the same name: names
// that differ in their last byte.
TEST(Regressions, ViewsOfNearlyOneName) {
  Recipe r;
  r.tables = {table({0, 1})};
  r.dependents.resize(6);
  for (DependentRecipe& view : r.dependents) view.name = 11;
  r.jobs = 3;
  EXPECT_EQ(trip(build(r, "ordered"), {}), "back");
}

// The server gives the parts of two tables' foreign keys one name and a number, by which is made first: on the way
// back that was the other table's.
TEST(Regressions, PartsOfForeignKeysToPartitions) {
  ForeignKeyRecipe to_partitions;
  to_partitions.target = 1;
  Recipe r;
  r.tables = {table({0, 1}, {to_partitions}), table({0, 1}, {to_partitions})};
  r.tables[1].by_key = 1;
  r.tables[1].family = 1;
  for (TableRecipe& t : r.tables) t.name = 11;
  EXPECT_EQ(trip(build(r, "v4"), {{0, 0, 0, 0}}), "back");
}

// Generator v7 was chosen for a domain that is but a cycle, because an heir below it has no foreign key of its own.
TEST(Regressions, HeirBelowACycleOfKeys) {
  ForeignKeyRecipe both_ways, to_code;
  both_ways.second = 1;
  to_code.target = to_code.to_code = 1;
  Recipe r;
  r.tables = {table({0, 1}, {to_code}), table({0, 1}, {both_ways}), table({0, 1}, {ForeignKeyRecipe{}})};
  r.tables[1].kind = 1;
  r.tables[1].code = 1;
  r.tables[2].kind = 1;
  r.tables[2].family = 1;
  EXPECT_EQ(trip(build(r, "v7"), {{0, 0, 0, 0}}), "back");
}

// v7 has room for 48 bits of an id.
TEST(Regressions, LargestIdOfV7) {
  Recipe r;
  r.tables = {table({14, 15})};
  r.tables[0].type = 1;
  EXPECT_EQ(trip(build(r, "v7"), {{0, 0, 0, 0}}), "back");
}

}  // namespace
}  // namespace rekey::property
