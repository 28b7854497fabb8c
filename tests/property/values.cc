#include "tests/property/values.h"

#include <algorithm>
#include <limits>

namespace rekey::property {

constexpr std::int64_t kBound = std::int64_t{1} << 47;

std::int64_t limit(const std::string& type) {
  if (type == "smallint") return std::numeric_limits<std::int16_t>::max();
  return type == "integer" ? std::numeric_limits<std::int32_t>::max()
                           : std::numeric_limits<std::int64_t>::max();
}

bool fits(std::int64_t id, const std::string& type) {
  return id <= limit(type) && id >= -limit(type) - 1;
}

std::string odd_name(unsigned shape, const std::string& plain) {
  switch (shape) {
    case 1:
      return "Mixed" + plain;
    case 2:
      return "with \"quotes\" " + plain;
    case 3:
      return "it's " + plain;
    case 4:
      return "größe_" + plain;
    case 5:
      return plain + std::string(63 - plain.size(), 'x');
    case 6:
      return "semi; -- " + plain;
    case 7:
      return "a.b(c, d) " + plain;
    case 8:
      return "new\nline " + plain;
    case 9:
      return "$body$ %I :name /* " + plain;
    case 10:
      return "back\\slash " + plain;
    case 11:
      return "Ä" + std::string(63 - 2 - plain.size(), 'y') + plain;
    default:
      return plain;
  }
}

std::int64_t id_of(unsigned drawn, const std::string& type, bool bounded) {
  const std::int64_t top = limit(type);
  const std::int64_t huge = type == "bigint" && bounded ? kBound - 1 : top;
  switch (drawn) {
    case 12:
      return 0;
    case 13:
      return -1;
    case 14:
      return huge;
    case 15:
      return -huge - 1;
    case 16:
      return huge - 1;
    case 17:
      return std::min<std::int64_t>(top - 5, std::int64_t{1} << 40);
    case 18:
      return std::min<std::int64_t>(top - 7, 1'000'000'007);
    case 19:
      return -300;
    default:
      return drawn < 12 ? drawn + 1 : drawn * 3;
  }
}

const char* action(unsigned drawn) {
  constexpr std::array kActions = {"", "CASCADE", "SET NULL", "RESTRICT", "SET DEFAULT"};
  return kActions[drawn % kActions.size()];
}

}  // namespace rekey::property
