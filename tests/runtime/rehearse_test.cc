// What a rehearsal takes for a broken claim, and for a database that is not the same again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/rehearse/contents.h"
#include "runtime/rehearse/trip.h"

namespace rekey::rehearse {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using bundle::LockMode;

std::vector<std::string> broken(const Locks& seen, const std::set<std::string>& rewrites) {
  static const bundle::Step step = [] {
    bundle::Step s;
    s.id = "020.a.rewrite";
    s.up.locks = {{"public.a", LockMode::access_exclusive}, {"public.b", LockMode::share}};
    s.up.rewrites = {"public.a"};
    return s;
  }();
  StepSeen saw;
  saw.step = &step;
  saw.locks = seen;
  saw.rewrites = rewrites;
  return broken_claims(saw);
}

TEST(Rehearse, ClaimsThatHold) {
  EXPECT_THAT(broken({{"public.a", LockMode::access_exclusive}, {"public.b", LockMode::share}}, {"public.a"}), IsEmpty());
  EXPECT_THAT(broken({{"public.a", LockMode::share}}, {}), IsEmpty());
  EXPECT_THAT(broken({{"public.c", LockMode::row_exclusive}}, {}), IsEmpty());  // lets others pass
}

TEST(Rehearse, ClaimsThatAreBroken) {
  EXPECT_THAT(broken({{"public.b", LockMode::exclusive}}, {}),
              ElementsAre("step 020.a.rewrite took EXCLUSIVE on public.b; its header says SHARE"));
  EXPECT_THAT(broken({{"public.c", LockMode::share_update_exclusive}}, {}),
              ElementsAre("step 020.a.rewrite took SHARE UPDATE EXCLUSIVE on public.c; its header says nothing of that table"));
  EXPECT_THAT(broken({}, {"public.b"}),
              ElementsAre("step 020.a.rewrite rewrote public.b; its header does not say so"));
}

TEST(Rehearse, RowsMayComeAndNoneMayGo) {
  Contents before{{"column a", "column b"}, {{"public.a", {1, 2, 2}}}, {{"public.s", 7}}};
  Contents after = before;
  after.rows["public.a"] = {1, 2, 2, 5};
  after.sequences["public.s"] = 8;
  EXPECT_THAT(differences(before, after), IsEmpty());
  after = {{"column a", "column c"}, {{"public.a", {1, 2, 5}}}, {{"public.s", 6}}};
  EXPECT_THAT(differences(before, after),
              ElementsAre("the schema lacks: column b", "the schema has: column c",
                          "public.a: 1 row of 3 lost or changed", "sequence public.s has gone back"));
}

}  // namespace
}  // namespace rekey::rehearse
