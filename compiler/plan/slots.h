// From a member of a structure to the slot that the table of fields keeps for it.
#pragma once

#include <optional>
#include <type_traits>
#include <vector>

#include "compiler/plan/fields.h"

namespace rekey::plan {

template <class T>
struct MemberOf;
template <class Owner, class T>
struct MemberOf<T Owner::*> {
  using Struct = Owner;
};

template <class T>
Slot slot_of(T& member)
  requires std::is_constructible_v<Slot, T*>
{
  return &member;
}

template <class T>
Slot slot_of(T& member)
  requires std::is_same_v<T, NewKeys> || std::is_same_v<T, Backfill> || std::is_same_v<T, Inventory> || std::is_same_v<T, Decision>
{
  return ObjectSlot{&member};
}

template <class E>
Slot slot_of(Located<E>& member)
  requires std::is_enum_v<E>
{
  return WordSlot{&member.value, &member.span,
                  [](const void* value) { return static_cast<int>(*static_cast<const E*>(value)); },
                  [](void* value, int word) { *static_cast<E*>(value) = static_cast<E>(word); }};
}

template <class E>
Slot slot_of(Located<std::optional<E>>& member) {
  using Value = std::optional<E>;
  return WordSlot{&member.value, &member.span,
                  [](const void* value) {
                    const Value& e = *static_cast<const Value*>(value);
                    return e ? static_cast<int>(*e) : -1;
                  },
                  [](void* value, int word) { *static_cast<Value*>(value) = static_cast<E>(word); }};
}

template <class T>
Slot slot_of(std::vector<T>& member)
  requires(!std::is_constructible_v<Slot, std::vector<T>*>)
{
  using Items = std::vector<T>;
  return ItemsSlot{&member,
                   [](void* items) -> void* { return &static_cast<Items*>(items)->emplace_back(); },
                   [](const void* items) { return static_cast<const Items*>(items)->size(); },
                   [](void* items, std::size_t i) -> void* { return &(*static_cast<Items*>(items))[i]; }};
}

template <auto kMember>
Slot at(void* owner) {
  using Struct = typename MemberOf<decltype(kMember)>::Struct;
  return slot_of(static_cast<Struct*>(owner)->*kMember);
}

}  // namespace rekey::plan
