// Which way an inventory recommends, by its numbers; what it says in the scripts of tests/integration.
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/inventory/inventory.h"

namespace rekey::inventory {
namespace {

// A million rows, and nearly as many that refer to them.
Domain documents() {
  Domain d{"public.d.id", "public.d", "id", "v5", "uuid"};
  d.uuid = true;
  d.rows = 1'000'000;
  d.references = {{"public.c", "d_id", "foreign key", 900'000}};
  return d;
}

// For a thousand rows of each table.
Samples measured(double seconds) {
  const Sample one{1'000'000, 1000, 1e9, Seconds(seconds / 10), Seconds(seconds), kPairs};
  return {{"public.d", one}, {"public.c", one}};
}

Domain with_where(std::int64_t chosen) {
  Domain d = documents();
  d.asked.where = "recent";
  d.spread.all = {"", d.rows, 0, chosen};
  d.references[0].chosen = chosen;
  return d;
}

std::string recommended(const Domain& d, double seconds) {
  const Advice advice = advise(d, measured(seconds), false);
  return advice.recommended + ": " + advice.because;
}

TEST(Inventory, RecommendsByTheFirstRuleThatHolds) {
  EXPECT_EQ(recommended(documents(), 0.01), "full: it leaves one kind of key, in about 5 min 00 s");
  EXPECT_EQ(recommended(with_where(100'000), 1),
            "hybrid: all rows would take about 8 h 20 min, more than 1 h 00 min, and those that come first are 10.0 % of them");
  EXPECT_EQ(recommended(with_where(600'000), 1), "full: it leaves one kind of key, in about 8 h 20 min");
  EXPECT_EQ(recommended(with_where(100'000), 0.01), "full: it leaves one kind of key, in about 5 min 00 s");
  Domain odd = with_where(100'000);
  odd.nameless = 60'000, odd.doubles = 40'000;
  EXPECT_EQ(recommended(odd, 0.01), "full: it leaves one kind of key, in about 5 min 00 s, once what is in the way is settled");
  odd.doubles = 40'001;
  EXPECT_EQ(recommended(odd, 1), "forward_only: 10.0 % of the rows can get no key of their own, more than 10 %: settle these, "
                                 "then look again");
  odd.matching = odd.rows;
  EXPECT_EQ(recommended(odd, 1), "forward_only: all keys are what the generator makes already");
  Domain integers = documents();
  integers.uuid = false;
  EXPECT_EQ(recommended(integers, 1), "full: the type of the keys changes, and a column has one type");
}

TEST(Inventory, WhatEachWayTouches) {
  const auto options = advise(with_where(100'000), measured(0.01), false).options;
  ASSERT_EQ(options.size(), 3u);
  const auto numbers = [](const Option& o) {
    return std::vector<double>{double(o.rows), double(o.references), o.bytes, std::round(o.time.count())};
  };
  EXPECT_EQ(numbers(options[0]), (std::vector<double>{1'000'000, 900'000, 2e9, 300}));
  EXPECT_EQ(numbers(options[1]), (std::vector<double>{100'000, 100'000, 2e8, 32}));  // reads all of both
  EXPECT_EQ(numbers(options[2]), (std::vector<double>{0, 0, 0, 0}));
}

}  // namespace
}  // namespace rekey::inventory
