// What a foreign key's definition references, whatever its columns are called.
#include <gtest/gtest.h>

#include "runtime/checks.h"

namespace rekey {
namespace {

TEST(Drift, ForeignKeyTarget) {
  const struct {
    const char *definition, *target;
  } cases[] = {
      {"FOREIGN KEY (a) REFERENCES public.users(id)", "public.users"},
      {"FOREIGN KEY (a, b) REFERENCES s.\"Users(\"(id, x) ON DELETE CASCADE NOT VALID", "s.\"Users(\""},
      {"FOREIGN KEY (\"x REFERENCES y(\") REFERENCES \"a \"\"(\".t(id)", "\"a \"\"(\".t"},
      {"FOREIGN KEY (\" REFERENCES \"\" REFERENCES z(\") REFERENCES t(id)", "t"},
      {"CHECK (a > 0)", ""},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(foreign_key_target(c.definition), c.target) << c.definition;
}

}  // namespace
}  // namespace rekey
