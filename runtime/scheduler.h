// Which step may run now: the ready set over needs and table locks. Pure; the caller holds the
// mutex.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/bundle/bundle.h"

namespace rekey {

enum class Direction { up, down };

const bundle::Side& side_of(const bundle::Step& step, Direction direction);

// Invariant: no two running steps have conflicting locks on one table, and each running or done
// step had all its needs done before it was started. A need that is not in the schedule counts as
// done.
class Schedule {
 public:
  Schedule(std::vector<const bundle::Step*> steps, Direction direction);

  // The first step in order that may run now; the caller starts it.
  std::optional<std::size_t> next() const;
  void start(std::size_t step);
  void finish(std::size_t step);

  const bundle::Step& step(std::size_t i) const { return *items_[i].step; }
  bool idle() const { return running_ == 0; }
  bool finished() const { return done_ == items_.size(); }
  // Steps that wait, for the message when nothing runs and nothing is ready.
  std::vector<std::string> waiting() const;

 private:
  enum class State { waiting, running, done };
  struct Item {
    const bundle::Step* step;
    State state = State::waiting;
  };
  bool ready(const Item& item) const;
  bool collides(const Item& item) const;

  std::vector<Item> items_;
  Direction direction_;
  std::size_t running_ = 0, done_ = 0;
};

}  // namespace rekey
