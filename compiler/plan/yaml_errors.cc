// Rewords yaml-cpp's messages and moves those about an end that is missing to what was opened.
#include "compiler/plan/yaml_errors.h"

#include <fmt/format.h>

#include <algorithm>

namespace rekey::plan {
namespace {

Span span_at(std::string_view text, std::size_t at) {
  at = std::min(at, text.size());
  std::string_view before = text.substr(0, at);
  std::size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(at - start) + 1, 1};
}

// The innermost bracket of a kind that is open.
Span opening(std::string_view text, const std::vector<std::size_t>& opened, char bracket,
             Span otherwise) {
  for (auto at = opened.rbegin(); at != opened.rend(); ++at)
    if (*at < text.size() && text[*at] == bracket) return span_at(text, *at);
  return otherwise;
}

// The tab, where the line of `at` is indented with one.
bool tab_in_indentation(std::string_view text, std::size_t at, std::size_t& tab) {
  std::size_t start = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  start = start == std::string_view::npos ? 0 : start + 1;
  tab = text.find_first_not_of(' ', start);
  return tab != std::string_view::npos && text[tab] == '\t';
}

struct Wording {
  std::string_view theirs, message, fix;
};

constexpr Wording kWordings[] = {
    {"end of map not found", "this does not continue the keys above",
     "write \"key: value\" with the indentation of its neighbours, and nothing behind a closing "
     "quote "
     "or bracket"},
    {"end of sequence not found", "this does not continue the list above",
     "write \"- value\" with the indentation of its neighbours"},
    {"illegal map value", "a \":\" where no key ends",
     "indent a key like its neighbours; put a text that contains \": \" in quotes"},
    {"illegal map key", "a key where none can stand", "indent a key like its neighbours"},
    {"illegal block entry", "a \"-\" where no list can stand",
     "start the list on a line of its own, or write it in brackets: [a, b]"},
    {"illegal flow end", "a bracket that closes nothing",
     "leave it out, or put the text in quotes"},
    {"unknown token", "no text starts with this character without quotes",
     "put the text in quotes"},
    {"illegal document indicator in scalar", "\"---\" or \"...\" inside a text",
     "close the quote first"},
    {"illegal tab when looking for indentation", "a tab in the indentation", "indent with blanks"},
};

}  // namespace

void report_alias(Diagnostics& diagnostics, Span span) {
  diagnostics.error("yaml-alias", span, "a plan has no YAML aliases",
                    "write the value out; put a text that starts with \"*\" in quotes");
}

void report_unclosed_quote(Diagnostics& diagnostics, Span span) {
  diagnostics.error(
      "unclosed-quote", span, "this quote is never closed",
      "close it where the text ends; inside, a single quote is written '' and a double "
      "quote \\\"");
}

void report_yaml(Diagnostics& diagnostics, std::string_view text, const YAML::Exception& error,
                 std::size_t reached, const std::vector<std::size_t>& opened) {
  std::size_t at = static_cast<std::size_t>(std::max(error.mark.pos, 0));
  Span here{error.mark.line + 1, error.mark.column + 1, 1};
  if (error.mark.is_null()) here = {};
  const std::string& theirs = error.msg;
  std::size_t tab = 0;

  if (theirs == "illegal EOF in scalar")
    return report_unclosed_quote(diagnostics, span_at(text, text.find_first_of("'\"", reached)));
  if (theirs == "end of sequence flow not found") {
    diagnostics.error("bad-yaml", opening(text, opened, '[', here), "this [ is never closed",
                      "close the list with ]");
    return;
  }
  if (theirs == "end of map flow not found") {
    diagnostics.error("bad-yaml", opening(text, opened, '{', here), "this { is never closed",
                      "close the map with }");
    return;
  }
  if (theirs.starts_with("the referenced anchor is not defined")) return report_alias(diagnostics, here);  // 0.8 names it
  if (theirs.starts_with("unknown escape character")) {
    diagnostics.error("bad-yaml", here, theirs,
                      "write \\\\ for a backslash, or use single quotes, which take it as it is");
    return;
  }
  if (tab_in_indentation(text, at, tab)) {
    diagnostics.error("bad-yaml", span_at(text, tab), "a tab in the indentation",
                      "indent with blanks");
    return;
  }
  for (const Wording& wording : kWordings)
    if (theirs == wording.theirs) {
      diagnostics.error("bad-yaml", here, std::string(wording.message), std::string(wording.fix));
      return;
    }
  diagnostics.error("bad-yaml", here, "not YAML: " + theirs,
                    "write it as in the examples, or put the text in quotes");
}

}  // namespace rekey::plan
