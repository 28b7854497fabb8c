#include "compiler/plan/path.h"

#include <algorithm>

namespace rekey::plan {
namespace {

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || byte >= 0x80;
}

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  std::variant<Path, BadPath> run() {
    if (!text_.starts_with('$')) return BadPath{0, "a path begins with $, the document itself"};
    for (at_ = 1; at_ < text_.size() && !wrong_;) step();
    if (wrong_) return *wrong_;
    return path_;
  }

 private:
  void step() {
    if (text_[at_] == '[') return every();
    if (text_[at_] != '.') return fail(at_, "a step begins with . or [*]");
    ++at_;
    if (at_ < text_.size() && text_[at_] == '"') return quoted();
    const auto begin = at_;
    while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
    if (at_ == begin) return fail(begin, "a key has no name: other characters than letters, digits and _ stand in double quotes");
    path_.push_back(text_.substr(begin, at_ - begin));
  }

  void every() {
    if (text_.compare(at_, 3, "[*]") != 0) return fail(at_, "only [*], every element, stands in brackets");
    at_ += 3;
    path_.push_back(std::nullopt);
  }

  void quoted() {
    const auto begin = at_++;
    std::string key;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && ++at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\') {
        return fail(at_ - 1, "only \\\" and \\\\ stand for other characters");
      }
      if (at_ < text_.size()) key += text_[at_];
    }
    if (at_ >= text_.size()) return fail(begin, "the double quote is not closed");
    ++at_;
    path_.push_back(key);
  }

  void fail(std::size_t at, std::string what) { wrong_ = BadPath{at, std::move(what)}; }

  const std::string& text_;
  std::size_t at_ = 0;
  Path path_;
  std::optional<BadPath> wrong_;
};

}  // namespace

std::string to_text(const Path& path) {
  std::string out = "$";
  for (const auto& step : path) {
    if (!step) {
      out += "[*]";
    } else if (!step->empty() && std::all_of(step->begin(), step->end(), is_plain)) {
      out += "." + *step;
    } else {
      out += ".\"";
      for (char c : *step) out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
      out += '"';
    }
  }
  return out;
}

std::variant<Path, BadPath> parse_path(const std::string& text) { return Parser(text).run(); }

}  // namespace rekey::plan
