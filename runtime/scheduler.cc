#include "runtime/scheduler.h"

#include <algorithm>

namespace rekey {

const bundle::Side& side_of(const bundle::Step& step, Direction direction) {
  return direction == Direction::up ? step.up : step.down;
}

Schedule::Schedule(std::vector<const bundle::Step*> steps, Direction direction)
    : direction_(direction) {
  for (const bundle::Step* step : steps) items_.push_back({step});
}

bool Schedule::ready(const Item& item) const {
  const auto& needs = direction_ == Direction::up ? item.step->needs : item.step->undo_needs;
  return std::ranges::none_of(items_, [&](const Item& other) {
    return other.state != State::done && std::ranges::count(needs, other.step->id) > 0;
  });
}

bool Schedule::collides(const Item& item) const {
  const auto& locks = side_of(*item.step, direction_).locks;
  return std::ranges::any_of(items_, [&](const Item& other) {
    if (other.state != State::running) return false;
    const auto& held = side_of(*other.step, direction_).locks;
    return std::ranges::any_of(locks, [&](const bundle::TableLock& a) {
      return std::ranges::any_of(held, [&](const bundle::TableLock& b) {
        return a.table == b.table && bundle::conflict(a.mode, b.mode);
      });
    });
  });
}

std::optional<std::size_t> Schedule::next() const {
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].state == State::waiting && ready(items_[i]) && !collides(items_[i])) return i;
  }
  return std::nullopt;
}

void Schedule::start(std::size_t step) {
  items_[step].state = State::running;
  ++running_;
}

void Schedule::finish(std::size_t step) {
  items_[step].state = State::done;
  --running_;
  ++done_;
}

std::vector<std::string> Schedule::waiting() const {
  std::vector<std::string> ids;
  for (const Item& item : items_) {
    if (item.state == State::waiting) ids.push_back(item.step->id);
  }
  return ids;
}

}  // namespace rekey
