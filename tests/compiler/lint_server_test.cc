// What a plan asks of a version that does not have it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/compile.h"

namespace rekey {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kPlan = R"(version: 1
name: p
tables:
  public.users:
    primary_key: id
    columns: {id: integer}
  public.orders:
    primary_key: id
    columns: {id: integer, user_id: integer}
    foreign_keys:
      orders_user: {columns: user_id, references: public.users, on_delete: set null, on_delete_columns: [user_id]}
      orders_other: {columns: user_id, references: public.users, enforced: false}
)";

std::string said(int server) {
  Diagnostics diagnostics("plan.yaml", kPlan);
  check_plan(kPlan, diagnostics, server);
  return diagnostics.render();
}

TEST(LintServer, NamesWhatTheVersionLacks) {
  EXPECT_THAT(said(14), HasSubstr("foreign key orders_user needs SET NULL or SET DEFAULT of some columns, which PostgreSQL 14"));
  EXPECT_THAT(said(17), HasSubstr("plan.yaml:12:"));
  EXPECT_THAT(said(17), HasSubstr("foreign key orders_other needs a constraint that is not enforced, which PostgreSQL 17"));
  EXPECT_THAT(said(17), Not(HasSubstr("orders_user needs")));
}

TEST(LintServer, IsSilentWhereTheVersionHasIt) {
  EXPECT_EQ(said(18), "");
  EXPECT_EQ(said(0), "");
}

}  // namespace
}  // namespace rekey
