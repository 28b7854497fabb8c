// What a person reads: a diagnostic in, the whole rendered text out.
#include "compiler/diagnostics.h"

#include <gtest/gtest.h>

namespace rekey {
namespace {

struct Case {
  const char* name;
  std::string text;
  Span span;
  std::string rendered;
};

const std::string kHundred(100, 'a');

const Case kCases[] = {
    {"underlines",
     "a: 1\n    colums: {}\n",
     {2, 5, 6},
     "plan.yaml:2:5: error: wrong [code]\n"
     "    colums: {}\n"
     "    ^~~~~~\n"
     "  do this\n"},
    {"no place", "a: 1\n", {}, "plan.yaml: error: wrong [code]\n  do this\n"},
    {"a line that is not there",
     "a: 1\n",
     {9, 1, 1},
     "plan.yaml:9:1: error: wrong [code]\n  do this\n"},
    {"end of a line",
     "a: 1\n",
     {1, 5, 1},
     "plan.yaml:1:5: error: wrong [code]\n"
     "a: 1\n"
     "    ^\n"
     "  do this\n"},
    {"longer than the line",
     "a: 1\nb: 2\n",
     {1, 4, 99},
     "plan.yaml:1:4: error: wrong [code]\n"
     "a: 1\n"
     "   ^\n"
     "  do this\n"},
    {"tabs stay",
     "\ta:\tx\n",
     {1, 5, 1},
     "plan.yaml:1:5: error: wrong [code]\n"
     "\ta:\tx\n"
     "\t  \t^\n"
     "  do this\n"},
    {"characters, not bytes",
     "größe: naïve\n",
     {1, 10, 6},
     "plan.yaml:1:8: error: wrong [code]\n"
     "größe: naïve\n"
     "       ^~~~~\n"
     "  do this\n"},
    {"a byte order mark and a carriage return",
     "\xEF\xBB\xBF"
     "a: 1\r\nb: 2\r\n",
     {1, 1, 1},
     "plan.yaml:1:1: error: wrong [code]\n"
     "a: 1\n"
     "^\n"
     "  do this\n"},
    {"broken UTF-8 and control characters",
     "a: \xFF\x1B[31m\xC3\n",
     {1, 4, 1},
     "plan.yaml:1:4: error: wrong [code]\n"
     "a: \xEF\xBF\xBD\xEF\xBF\xBD[31m\xEF\xBF\xBD\n"
     "   ^\n"
     "  do this\n"},
    {"a long line, its start",
     "bad: " + kHundred,
     {1, 1, 3},
     "plan.yaml:1:1: error: wrong [code]\n"
     "bad: " +
         std::string(95, 'a') +
         "...\n"
         "^~~\n"
         "  do this\n"},
    {"a long line, its middle",
     kHundred + "bad" + kHundred,
     {1, 101, 3},
     "plan.yaml:1:101: error: wrong [code]\n"
     "..." +
         std::string(48, 'a') + "bad" + std::string(49, 'a') + "...\n" + std::string(51, ' ') +
         "^~~\n"
         "  do this\n"},
    {"a long line, its end",
     kHundred + " bad",
     {1, 102, 3},
     "plan.yaml:1:102: error: wrong [code]\n"
     "..." +
         std::string(96, 'a') + " bad\n" + std::string(100, ' ') +
         "^~~\n"
         "  do this\n"},
};

TEST(Diagnostics, Render) {
  for (const Case& c : kCases) {
    Diagnostics diagnostics("plan.yaml", c.text);
    diagnostics.error("code", c.span, "wrong", "do this");
    EXPECT_EQ(diagnostics.render(), c.rendered) << c.name;
  }
}

TEST(Diagnostics, NothingQuotedReachesATerminalAsACommand) {
  Diagnostics diagnostics("plan.yaml", "a: 1\n");
  diagnostics.error("code", {1, 1, 1}, "wrong \x1B[2J\n\x7F", "write\r\nor \x1B[2J\xC2\x9B")
      .related.push_back({{1, 1, 1}, "first \x1B[2J"});
  EXPECT_EQ(diagnostics.render(),
            "plan.yaml:1:1: error: wrong \xEF\xBF\xBD[2J\xEF\xBF\xBD\xEF\xBF\xBD [code]\n"
            "a: 1\n"
            "^\n"
            "  write\xEF\xBF\xBD\n"
            "  or \xEF\xBF\xBD[2J\xEF\xBF\xBD\n"
            "plan.yaml:1:1: note: first \xEF\xBF\xBD[2J\n"
            "a: 1\n"
            "^\n");
}

TEST(Diagnostics, RelatedPlacesHaveTheirOwnLine) {
  Diagnostics diagnostics("plan.yaml", "a: 1\nb: 2\na: 3\n");
  diagnostics.warning("twice", {3, 1, 1}, "again")
      .related.push_back({{1, 1, 1}, "first defined here"});
  EXPECT_EQ(diagnostics.render(),
            "plan.yaml:3:1: warning: again [twice]\n"
            "a: 3\n"
            "^\n"
            "plan.yaml:1:1: note: first defined here\n"
            "a: 1\n"
            "^\n");
  EXPECT_FALSE(diagnostics.has_errors());
}

TEST(Diagnostics, InTheOrderOfTheirPlaces) {
  Diagnostics diagnostics("p", "a: 1\nb: 2\n");
  diagnostics.error("b", {2, 1, 1}, "second line");
  diagnostics.note("a2", {1, 4, 1}, "first line, later");
  diagnostics.error("b", {2, 1, 1}, "second line, said later");
  diagnostics.error("a1", {1, 1, 1}, "first line");
  diagnostics.error("none", {}, "no place");
  std::string order;
  for (const Diagnostic& d : diagnostics.all()) order += d.message + "; ";
  EXPECT_EQ(order,
            "no place; first line; first line, later; second line; second line, said later; ");
  EXPECT_TRUE(diagnostics.has_errors());
}

TEST(Diagnostics, Nearest) {
  const std::vector<std::string> known = {"columns", "unique", "indexes", "foreign_keys", "id"};
  const std::pair<const char*, const char*> cases[] = {
      {"colums", "columns"},
      {"colunms", "columns"},
      {"Columns", "columns"},
      {"FOREIGN_KEYS", "foreign_keys"},
      {"foreignkey", "foreign_keys"},
      {"uniqe", "unique"},
      {"di", "id"},
      {"constraints", ""},
      {"x", ""},
      {"", ""},
  };
  for (const auto& [written, meant] : cases)
    EXPECT_EQ(nearest(written, known).value_or(""), meant) << written;
}

TEST(Diagnostics, Utf8Length) {
  const std::pair<std::string, std::size_t> cases[] = {{"a", 1},
                                                       {"é", 2},
                                                       {"€", 3},
                                                       {"😀", 4},
                                                       {"\xC3", 0},
                                                       {"\x80", 0},
                                                       {"\xC0\x80", 0},
                                                       {"\xE0\x80\x80", 0},
                                                       {"\xED\xA0\x80", 0},
                                                       {"\xF4\x90\x80\x80", 0},
                                                       {"\xF5\x80\x80\x80", 0}};
  for (const auto& [text, length] : cases) EXPECT_EQ(utf8_length(text), length) << text;
}

}  // namespace
}  // namespace rekey
