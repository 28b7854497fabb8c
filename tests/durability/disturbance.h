// One disturbance of one run at one point, and what must hold from then on.
#pragma once

#include <stdexcept>
#include <string>

#include "tests/durability/proxy.h"
#include "tests/durability/scene.h"

namespace rekey::test {

enum class Fault { kill, terminate, stop, cut };
const char* name(Fault fault);

struct Disturbance {
  Direction direction = Direction::up;
  Point point;
  Fault fault = Fault::kill;
  bool turn_round = false;  // after it, rollback instead of the second start
  int jobs = 1;
};
std::string to_text(const Disturbance& d, const Scene& scene);

// What does not hold.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws Broken. With --jobs 1: status and journal tell what is in effect after the fault; with more,
// where units are not in one order, status and journal agree. A backend that is still there is named
// by whoever goes on; that run ends well, at the undisturbed end, and leaves no session. A connection
// that is lost in a step is made good by the run itself. False when the run ended before the point.
bool disturb(const Scene& scene, const Disturbance& d);

}  // namespace rekey::test
