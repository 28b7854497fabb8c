// The types, ids and names that schemas are made of.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace rekey::property {

inline constexpr std::array kTypes = {"integer", "bigint", "smallint"};

std::int64_t limit(const std::string& type);
bool fits(std::int64_t id, const std::string& type);

// The id that a drawn number stands for. bounded: within the range of generators ordered and v7.
std::int64_t id_of(unsigned drawn, const std::string& type, bool bounded);

// A name that only quotes can hold, or the plain one.
std::string odd_name(unsigned shape, const std::string& plain);

// What follows ON DELETE; empty where nothing has to be said.
const char* action(unsigned drawn);

}  // namespace rekey::property
