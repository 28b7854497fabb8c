// Numbers, times and tables as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace rekey {

using Seconds = std::chrono::duration<double>;

std::string grouped(std::int64_t number);  // 200,000
std::string duration(Seconds time);        // 1.2 s, 3 min 05 s, 2 h 10 min
std::string size(double bytes);            // 1.2 MB
std::string counted(std::int64_t n, const std::string& singular, const std::string& plural = {});
std::string joined(const std::vector<std::string>& parts, const std::string& between = ", ");

// Columns as wide as they need; the first row is the head. A column of numbers, unless it is the
// first, stands to the right.
std::string table(const std::vector<std::vector<std::string>>& rows);

// The same as Markdown.
std::string markdown_table(const std::vector<std::vector<std::string>>& rows);

// Lines of at most 80 columns, further ones indented by two; ends with a line feed.
std::string wrapped(const std::string& text);

// The argument of a shell command, quoted where it must be.
std::string shell(const std::string& argument);

}  // namespace rekey
