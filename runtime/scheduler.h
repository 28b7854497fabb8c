// Which step may run now: the ready set over needs and table locks. Pure; the caller holds the
// mutex.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
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
  // steps: each behind those it needs. weights: how long each is expected to take, in any unit; a
  // step with more work behind it, itself included, goes first (the critical path). Without
  // weights: the order given.
  Schedule(std::vector<const bundle::Step*> steps, Direction direction,
           const std::vector<double>& weights = {});

  // The step that may run now and should go first; the caller starts it.
  std::optional<std::size_t> next() const;
  void start(std::size_t step);
  void finish(std::size_t step);

  const bundle::Step& step(std::size_t i) const { return *items_[i].step; }
  const std::vector<std::size_t>& running() const { return running_; }
  bool idle() const { return running_.empty(); }
  bool finished() const { return done_ == items_.size(); }
  // Steps that wait, for the message when nothing runs and nothing is ready.
  std::vector<std::string> waiting() const;

 private:
  struct Item {
    const bundle::Step* step;
    std::vector<std::size_t> dependents;
    std::size_t missing = 0;  // needs that are not done
    double path = 0;          // weight of the heaviest path from here to the end
    bool waits = true;
  };
  using Rank = std::pair<double, std::size_t>;  // heaviest path first, then the order given
  Rank rank(std::size_t i) const { return {-items_[i].path, i}; }
  void link();
  bool collides(const Item& item) const;

  std::vector<Item> items_;
  Direction direction_;
  std::set<Rank> ready_;
  std::vector<std::size_t> running_;
  std::size_t done_ = 0;
};

}  // namespace rekey
