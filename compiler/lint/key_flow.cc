#include "compiler/lint/key_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace rekey::lint {

KeyFlow::Kind KeyFlow::open() {
  parent_.push_back(static_cast<Kind>(parent_.size()));
  return parent_.back();
}

KeyFlow::Kind KeyFlow::key(const KeyOf& key) {
  const auto found = domains_.find(key.domain);
  if (found != domains_.end()) return found->second;
  const Kind kind = open();
  domains_[key.domain] = kind;
  keys_.insert({kind, key});
  return kind;
}

KeyFlow::Kind KeyFlow::root(Kind kind) const {
  while (parent_[kind] != kind) kind = parent_[kind] = parent_[parent_[kind]];
  return kind;
}

const KeyOf* KeyFlow::resolve(Kind kind) const {
  const auto found = keys_.find(root(kind));
  return found == keys_.end() ? nullptr : &found->second;
}

namespace {

// Whether a column of the one may hold keys of the other, or both of a third.
bool lends(const KeyOf& one, const KeyOf& other) {
  const auto has = [](const KeyOf& key, int domain) {
    return std::find(key.lenders.begin(), key.lenders.end(), domain) != key.lenders.end();
  };
  return has(one, other.domain) || has(other, one.domain) ||
         std::any_of(one.lenders.begin(), one.lenders.end(), [&](int domain) { return has(other, domain); });
}

}  // namespace

bool KeyFlow::same(Kind a, Kind b, const Place& place, const char* verb) {
  a = root(a), b = root(b);
  if (a == b) return true;
  const auto settled = [&](Kind kind) { return kind == kPlain || keys_.contains(kind); };
  if (!settled(a))
    parent_[a] = b;
  else if (!settled(b))
    parent_[b] = a;
  else if (a != kPlain && b != kPlain && lends(keys_.at(a), keys_.at(b)))
    return true;
  else if (a == kPlain || b == kPlain)
    problem(place, fmt::format("{} a key with something that is no key", verb));
  else
    problem(place, fmt::format("{} keys of different tables", verb));
  return !settled(a) || !settled(b);
}

void KeyFlow::literal(Kind kind, const Extent& extent, std::int64_t value) {
  literals_.push_back({kind, extent, value});
}

void KeyFlow::edit(Kind kind, const Extent& extent, const std::string& text) {
  edits_.push_back({kind, extent, text});
}

void KeyFlow::refuse(Kind kind, const Place& place, const std::string& message) {
  refusals_.push_back({kind, place, message, false});
}

void KeyFlow::refuse_unordered(Kind kind, const Place& place, const std::string& message) {
  refusals_.push_back({kind, place, message, true});
}

void KeyFlow::problem(const Place& place, const std::string& message) {
  const auto extent = place.message ? source_.expression(*place.message) : std::nullopt;
  const std::string what = extent ? source_.excerpt(*extent) : place.name;
  problems_.push_back({extent ? extent->begin : 0, what.empty() ? message : what + ": " + message});
}

void KeyFlow::finish(KeyUse& use, std::size_t shift) {
  for (const Refusal& r : refusals_) {
    const KeyOf* key = resolve(r.kind);
    if (key && !(r.unordered_only && key->generator == plan::Generator::ordered))
      problem(r.place, r.message);
  }
  for (const Literal& l : literals_) {
    const KeyOf* key = resolve(l.kind);
    if (!key) continue;
    if (!key->lenders.empty()) {
      problems_.push_back({l.extent.begin, fmt::format("{}: it cannot be told whose key this is", source_.excerpt(l.extent))});
      continue;
    }
    use.literals.push_back(
        {l.extent.begin - shift, l.extent.end - l.extent.begin, key->domain, l.value});
    if (!plan::is_listed(key->generator)) continue;
    problems_.push_back({l.extent.begin, fmt::format("{}: the key cannot be computed from an id alone (generator {})",
                                                     source_.excerpt(l.extent), plan::word(key->generator))});
  }
  for (const Edit& e : edits_) {
    if (const auto key = resolve(e.kind)) {
      use.edits.push_back(
          {e.extent.begin - shift, e.extent.end - e.extent.begin, e.text, key->domain});
    }
  }
  for (KeyProblem& p : problems_)
    use.problems.push_back({p.offset - std::min(p.offset, shift), p.message});
  const auto by_place = [](const auto& a, const auto& b) { return a.offset < b.offset; };
  std::stable_sort(use.literals.begin(), use.literals.end(), by_place);
  std::stable_sort(use.edits.begin(), use.edits.end(), by_place);
  std::sort(use.problems.begin(), use.problems.end(), [](const auto& a, const auto& b) {
    return std::tie(a.offset, a.message) < std::tie(b.offset, b.message);
  });
  const auto again = std::unique(
      use.problems.begin(), use.problems.end(),
      [](const auto& a, const auto& b) { return a.offset == b.offset && a.message == b.message; });
  use.problems.erase(again, use.problems.end());
}

}  // namespace rekey::lint
