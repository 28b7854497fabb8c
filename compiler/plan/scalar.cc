// How a text is written in YAML: plain where every reader takes it for the same text, else quoted.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/plan/print.h"

namespace rekey::plan {
namespace {

// Characters that are invisible or end a line for some readers.
bool needs_escape(std::string_view character) {
  auto first = static_cast<unsigned char>(character[0]);
  return (character.size() == 1 && (first < 0x20 || first == 0x7F)) ||
         (character.size() == 2 && first == 0xC2 &&
          static_cast<unsigned char>(character[1]) < 0xA1) ||
         character == "\xE2\x80\xA8" || character == "\xE2\x80\xA9" || character == "\xEF\xBB\xBF";
}

std::size_t step(std::string_view rest) { return std::max<std::size_t>(utf8_length(rest), 1); }

std::string escaped(std::string_view character) {
  auto byte = [&](std::size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(character[i]));
  };
  if (character == "\n") return "\\n";
  if (character == "\t") return "\\t";
  if (character.size() == 1) return fmt::format("\\x{:02X}", byte(0));
  if (character.size() == 2)
    return fmt::format("\\u{:04X}", (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F));
  return fmt::format("\\u{:04X}",
                     (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F));
}

bool any_escape(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); at += step(text.substr(at)))
    if (needs_escape(text.substr(at, step(text.substr(at))))) return true;
  return false;
}

std::string double_quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size(); at += step(text.substr(at))) {
    std::string_view character = text.substr(at, step(text.substr(at)));
    if (character == "\"" || character == "\\") out += '\\';
    out += needs_escape(character) ? escaped(character) : std::string(character);
  }
  return out + "\"";
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

// Read as something else than a text by YAML 1.1 or 1.2: a number, a date, true, nothing.
bool looks_like_a_value(std::string_view text) {
  std::string lower;
  for (char c : text) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  for (std::string_view word :
       {"null", "~", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "="})
    if (lower == word) return true;
  std::size_t digit = lower.find_first_not_of("+-.");
  if (digit == std::string::npos) return true;
  std::string_view rest = std::string_view(lower).substr(digit);
  if (digit > 0 && (rest == "inf" || rest == "nan")) return true;
  return rest[0] >= '0' && rest[0] <= '9' &&
         rest.find_first_not_of("0123456789abcdefox_.+-:tz") == std::string_view::npos;
}

bool plain(std::string_view text, bool flow) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (std::string_view("-?:,[]{}#&*!|>'\"%@`").find(text.front()) != std::string_view::npos)
    return false;
  if (text.starts_with("---") || text.starts_with("...")) return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos)
    return false;
  if (text.back() == ':') return false;
  if (flow && text.find_first_of(",[]{}:?") != std::string_view::npos) return false;
  return !looks_like_a_value(text);
}

// A literal block keeps its line feeds; anything else that needs an escape cannot stand in one.
bool fits_lines(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text[0] == ' ' || text[0] == '\n') return false;
  for (std::size_t at = 0; at < text.size(); at += step(text.substr(at)))
    if (text[at] != '\n' && needs_escape(text.substr(at, step(text.substr(at))))) return false;
  return true;
}

}  // namespace

std::optional<std::string> yaml_lines(std::string_view text, std::size_t indent) {
  if (!fits_lines(text)) return std::nullopt;
  const bool ends = text.back() == '\n';
  if (ends && text[text.size() - 2] == '\n') return std::nullopt;
  std::string out = ends ? "|" : "|-";
  std::string_view rest = ends ? text.substr(0, text.size() - 1) : text;
  while (true) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    out += "\n" + (line.empty() ? "" : std::string(indent, ' ') + std::string(line));
    if (end == std::string_view::npos) return out;
    rest.remove_prefix(end + 1);
  }
}

std::string yaml_scalar(std::string_view text, bool flow) {
  if (any_escape(text)) return double_quoted(text);
  if (plain(text, flow)) return std::string(text);
  bool awkward = text.find_first_of("\"\\") != std::string_view::npos;
  return awkward ? single_quoted(text) : double_quoted(text);
}

}  // namespace rekey::plan
