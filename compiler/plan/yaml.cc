// Builds the tree from yaml-cpp's events: its own nodes cost several times as much and lose the
// keys' places. Closes the gaps of yaml-cpp: unclosed quotes, invalid UTF-8, control characters.
#include "compiler/plan/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "compiler/plan/yaml_errors.h"

namespace rekey::plan {
namespace {

constexpr std::size_t kDepth = 32;  // a plan needs six

struct Stop {};  // said why already

class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, Diagnostics& diagnostics)
      : text_(text), diagnostics_(diagnostics) {}

  std::optional<Node> root;
  std::size_t reached = 0;          // the byte after the last scalar
  std::vector<std::size_t> opened;  // where the lists and maps around it start
  bool unclosed = false;            // an unclosed quote was found

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (!seen_document_) {
      seen_document_ = true;
      return;
    }
    diagnostics_.error("several-documents", span(mark),
                       "a plan is one YAML document, and here a second one starts",
                       "put each plan in a file of its own, and leave out \"---\" and \"...\"");
    throw Stop{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node;
    node.span = span(mark);
    std::size_t at = static_cast<std::size_t>(mark.pos);
    for (std::string_view word : {"null", "Null", "NULL", "~"})
      if (at <= text_.size() && text_.substr(at).starts_with(word)) node.text = word;
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    report_alias(diagnostics_, span(mark));
    add(Node{Node::Kind::scalar, true, span(mark), "*", {}});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    Node node{Node::Kind::scalar, tag == "?", span(mark), value, {}};
    refuse_tag(tag, node.span);
    std::size_t begin = after_anchor(static_cast<std::size_t>(mark.pos));
    std::size_t length = source_length(begin, node);
    reached = begin + length;
    if (begin == static_cast<std::size_t>(mark.pos)) node.span.length = static_cast<int>(length);
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, tag);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, tag);
  }
  void OnMapEnd() override {
    settle_keys(stack_.back());
    close();
  }

 private:
  static Span span(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1, 1}; }

  void add(Node node) {
    if (stack_.empty())
      root = std::move(node);
    else
      stack_.back().items.push_back(std::move(node));
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag) {
    refuse_tag(tag, span(mark));
    if (stack_.size() == kDepth) {
      diagnostics_.error("too-deep", span(mark),
                         fmt::format("more than {} levels of lists and maps", kDepth),
                         "a plan needs six; look for a bracket too many");
      throw Stop{};
    }
    stack_.push_back(Node{kind, false, span(mark), {}, {}});
    opened.push_back(static_cast<std::size_t>(mark.pos));
  }

  void close() {
    Node node = std::move(stack_.back());
    stack_.pop_back();
    opened.pop_back();
    add(std::move(node));
  }

  void refuse_tag(const std::string& tag, const Span& place) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    diagnostics_.error(
        "yaml-tag", place, "a plan has no YAML tags",
        "leave out what starts with \"!\"; text that looks like a number is written in quotes");
  }

  std::size_t after_anchor(std::size_t at) const {
    if (at >= text_.size() || text_[at] != '&') return at;
    at = text_.find_first_of(" \t\r\n", at);
    return std::min(text_.find_first_not_of(" \t\r\n", at), text_.size());
  }

  // Bytes that a scalar takes up in the file.
  std::size_t source_length(std::size_t begin, const Node& node) {
    if (node.plain) return std::max<std::size_t>(node.text.size(), 1);
    char quote = begin < text_.size() ? text_[begin] : ' ';
    if (quote != '"' && quote != '\'') return 1;
    std::size_t end = closing_quote(begin);
    if (end == std::string_view::npos) {
      unclosed = true;
      report_unclosed_quote(diagnostics_, node.span);
      return 1;
    }
    return end + 1 - begin;
  }

  std::size_t closing_quote(std::size_t begin) const {
    char quote = text_[begin];
    for (std::size_t at = begin + 1; at < text_.size(); at++) {
      if (text_[at] == '\\' && quote == '"') {
        at++;
      } else if (text_[at] == quote) {
        if (quote == '"' || at + 1 >= text_.size() || text_[at + 1] != quote) return at;
        at++;
      }
    }
    return std::string_view::npos;
  }

  // Keeps of a map the entries whose keys are text and new; the others have an error.
  void settle_keys(Node& map) {
    std::unordered_map<std::string_view, Span> first;
    std::vector<Node> kept;
    kept.reserve(map.items.size());
    for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
      Node& key = map.items[i];
      if (!usable(key)) continue;
      if (map.items[i + 1].kind == Node::Kind::null) map.items[i + 1].span = key.span;
      auto [earlier, fresh] = first.try_emplace(key.text, key.span);
      if (!fresh) {
        diagnostics_
            .error("duplicate-key", key.span, fmt::format("\"{}\" is given twice", key.text),
                   "leave out one of them")
            .see(earlier->second, "first defined here");
        continue;
      }
      // A copy: `first` looks at the key's own text.
      kept.push_back(Node{key.kind, key.plain, key.span, key.text, {}});
      kept.push_back(std::move(map.items[i + 1]));
    }
    map.items = std::move(kept);
  }

  bool usable(const Node& key) {
    if (key.kind == Node::Kind::scalar && key.plain && key.text == "<<") {
      diagnostics_.error("merge-key", key.span, "a plan has no YAML merges",
                         "write the keys out where they belong");
      return false;
    }
    if (key.kind == Node::Kind::scalar) return true;
    if (key.kind == Node::Kind::null && !key.text.empty())
      diagnostics_.error("key-not-text", key.span,
                         fmt::format("YAML reads {} as nothing, not as a name", key.text),
                         fmt::format("write it in quotes: \"{}\"", key.text));
    else
      diagnostics_.error("key-not-text", key.span, "a key of a plan is a text",
                         "write \"key: value\"");
    return false;
  }

  std::string_view text_;
  Diagnostics& diagnostics_;
  bool seen_document_ = false;
  std::vector<Node> stack_;
};

// Invalid UTF-8 and control characters, which yaml-cpp lets through or takes for the end of the
// file.
bool readable(std::string_view text, Diagnostics& diagnostics) {
  int line = 1;
  std::size_t line_start = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = utf8_length(text.substr(at));
    auto c = static_cast<unsigned char>(text[at]);
    Span here{line, static_cast<int>(at - line_start) + 1, 1};
    if (length == 0) {
      diagnostics.error("bad-encoding", here, fmt::format("the byte 0x{:02X} is not UTF-8 here", c),
                        "save the plan in UTF-8");
      return false;
    }
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      diagnostics.error("bad-encoding", here, fmt::format("a control character, 0x{:02X}", c),
                        fmt::format("leave it out, or write \"\\x{:02X}\" in double quotes", c));
      return false;
    }
    if (c == '\n') line++, line_start = at + 1;
    at += length;
  }
  return true;
}

}  // namespace

std::optional<Node> read_yaml(const std::string& text, Diagnostics& diagnostics) {
  std::string_view content = text;
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  if (!readable(content, diagnostics)) return std::nullopt;

  Builder builder(content, diagnostics);
  std::istringstream stream{std::string(content)};
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& e) {
    if (!builder.unclosed) report_yaml(diagnostics, content, e, builder.reached, builder.opened);
    return std::nullopt;
  }
  if (builder.unclosed) return std::nullopt;
  if (!builder.root || builder.root->kind == Node::Kind::null) {
    diagnostics.error("empty-plan", {}, "the plan is empty", "start with \"version: 1\"");
    return std::nullopt;
  }
  return std::move(builder.root);
}

}  // namespace rekey::plan
