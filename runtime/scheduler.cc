#include "runtime/scheduler.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace rekey {

const bundle::Side& side_of(const bundle::Step& step, Direction direction) {
  return direction == Direction::up ? step.up : step.down;
}

Schedule::Schedule(std::vector<const bundle::Step*> steps, Direction direction,
                   const std::vector<double>& weights)
    : direction_(direction) {
  for (const bundle::Step* step : steps) items_.push_back({step, {}, 0, 0, true});
  link();
  for (std::size_t i = items_.size(); i-- > 0;) {
    for (const std::size_t d : items_[i].dependents) {
      items_[i].path = std::max(items_[i].path, items_[d].path);
    }
    if (i < weights.size()) items_[i].path += weights[i];
  }
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (items_[i].missing == 0) ready_.insert(rank(i));
  }
}

void Schedule::link() {
  std::unordered_map<std::string_view, std::size_t> by_id;
  for (std::size_t i = 0; i < items_.size(); ++i) by_id[items_[i].step->id] = i;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const bundle::Step& step = *items_[i].step;
    for (const std::string& need :
         direction_ == Direction::up ? step.needs : step.undo_needs) {
      const auto found = by_id.find(need);
      if (found == by_id.end()) continue;
      items_[found->second].dependents.push_back(i);
      ++items_[i].missing;
    }
  }
}

bool Schedule::collides(const Item& item) const {
  const auto& locks = side_of(*item.step, direction_).locks;
  return std::ranges::any_of(running_, [&](std::size_t other) {
    const auto& held = side_of(*items_[other].step, direction_).locks;
    return std::ranges::any_of(locks, [&](const bundle::TableLock& a) {
      return std::ranges::any_of(held, [&](const bundle::TableLock& b) {
        return a.table == b.table && bundle::conflict(a.mode, b.mode);
      });
    });
  });
}

std::optional<std::size_t> Schedule::next() const {
  for (const auto& [path, i] : ready_) {
    if (!collides(items_[i])) return i;
  }
  return std::nullopt;
}

void Schedule::start(std::size_t step) {
  items_[step].waits = false;
  ready_.erase(rank(step));
  running_.push_back(step);
}

void Schedule::finish(std::size_t step) {
  std::erase(running_, step);
  ++done_;
  for (const std::size_t d : items_[step].dependents) {
    if (--items_[d].missing == 0) ready_.insert(rank(d));
  }
}

std::vector<std::string> Schedule::waiting() const {
  std::vector<std::string> ids;
  for (const Item& item : items_) {
    if (item.waits) ids.push_back(item.step->id);
  }
  return ids;
}

}  // namespace rekey
