// Which expressions of a definition hold keys, found by unification: what is compared or mixed is
// of one kind. A kind is plain (certainly no key), the keys of one domain, or open: an integer
// literal or NULL that takes the kind of what it meets, before or after.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "compiler/lint/key_use.h"
#include "compiler/lint/source.h"

namespace rekey::lint {

// What a problem points at: a node, and a name for one without a place of its own.
struct Place {
  const ProtobufCMessage* message;
  std::string name = {};
};

class KeyFlow {
 public:
  using Kind = int;
  static constexpr Kind kPlain = 0;

  explicit KeyFlow(const Source& source) : source_(source), parent_{kPlain} {}

  Kind open();
  Kind key(const KeyOf& key);  // one kind a domain
  // False, with a problem, when they cannot be one kind. verb: "compares", "mixes".
  bool same(Kind a, Kind b, const Place& place, const char* verb);
  // What is right only when the kind turns out to be a key.
  void literal(Kind kind, const Extent& extent, std::int64_t value);
  void edit(Kind kind, const Extent& extent, const std::string& text);
  // A problem when the kind turns out to be a key, and refuse_if says so of its generator.
  void refuse(Kind kind, const Place& place, const std::string& message);
  void refuse_unordered(Kind kind, const Place& place, const std::string& message);
  void problem(const Place& place, const std::string& message);

  // As it is known by now; null: no key.
  const KeyOf* resolve(Kind kind) const;
  // Adds literals, edits and problems, offsets less shift.
  void finish(KeyUse& use, std::size_t shift);

 private:
  struct Literal {
    Kind kind;
    Extent extent;
    std::int64_t value;
  };
  struct Edit {
    Kind kind;
    Extent extent;
    std::string text;
  };
  struct Refusal {
    Kind kind;
    Place place;
    std::string message;
    bool unordered_only;
  };

  Kind root(Kind kind) const;

  const Source& source_;
  mutable std::vector<Kind> parent_;
  std::map<int, Kind> domains_;
  std::map<Kind, KeyOf> keys_;  // of roots
  std::vector<Literal> literals_;
  std::vector<Edit> edits_;
  std::vector<Refusal> refusals_;
  std::vector<KeyProblem> problems_;
};

}  // namespace rekey::lint
