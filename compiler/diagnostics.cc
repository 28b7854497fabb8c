// Collects diagnostics and shows them under the line of the plan they are about.
#include "compiler/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <tuple>

namespace rekey {
namespace {

constexpr std::size_t kWidth = 100;  // characters of a source line that are shown
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  while (begin < text.size()) {
    std::size_t end = std::min(text.find('\n', begin), text.size());
    std::size_t stop = end > begin && text[end - 1] == '\r' ? end - 1 : end;
    lines.push_back(text.substr(begin, stop - begin));
    begin = end + 1;
  }
  return lines;
}

// A line as characters, each safe to print, with the byte where it starts.
struct Characters {
  std::vector<std::string> shown;
  std::vector<std::size_t> offsets;

  explicit Characters(std::string_view line) {
    for (std::size_t at = 0; at < line.size();) {
      std::size_t length = utf8_length(line.substr(at));
      auto first = static_cast<unsigned char>(line[at]);
      bool control =
          (first < 0x20 && first != '\t') || first == 0x7F ||
          (length == 2 && first == 0xC2 && static_cast<unsigned char>(line[at + 1]) < 0xA0);
      shown.emplace_back(length == 0 || control ? kReplacement : line.substr(at, length));
      offsets.push_back(at);
      at += std::max<std::size_t>(length, 1);
    }
  }

  std::size_t size() const { return shown.size(); }

  // The character that holds a byte; size() at the end of the line.
  std::size_t index_of(std::size_t byte, std::size_t line_bytes) const {
    if (byte >= line_bytes) return size();
    auto after = std::upper_bound(offsets.begin(), offsets.end(), byte);
    return static_cast<std::size_t>(after - offsets.begin()) - 1;
  }
};

struct Window {
  std::size_t begin, end;
};

// The part of a long line to show: all of what is underlined where it fits, with what stands before
// it.
Window window(std::size_t size, std::size_t from, std::size_t to) {
  if (size <= kWidth) return {0, size};
  std::size_t shown = std::min(to - from, kWidth);
  std::size_t margin = (kWidth - shown) / 2;
  std::size_t begin = std::min(from > margin ? from - margin : 0, size - kWidth);
  return {begin, begin + kWidth};
}

std::string underlined(std::string_view line, const Span& span) {
  Characters characters(line);
  std::size_t start = static_cast<std::size_t>(std::max(span.column, 1) - 1);
  std::size_t stop = start + static_cast<std::size_t>(std::max(span.length, 1));
  std::size_t from = characters.index_of(start, line.size());
  std::size_t to = std::max(characters.index_of(stop - 1, line.size()) + 1, from + 1);
  to = std::max(std::min(to, characters.size()), from + 1);
  Window shown = window(characters.size(), from, to);
  to = std::max(std::min(to, shown.end), from + 1);

  std::string text, caret;
  if (shown.begin > 0) text = "...", caret = "   ";
  for (std::size_t i = shown.begin; i < shown.end; i++) text += characters.shown[i];
  if (shown.end < characters.size()) text += "...";
  for (std::size_t i = shown.begin; i < from; i++)
    caret += characters.shown[i] == "\t" ? '\t' : ' ';
  return fmt::format("{}\n{}^{}\n", text, caret, std::string(to - from - 1, '~'));
}

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "";
}

// On one line and safe to print, whatever names it quotes.
std::string shown(std::string_view text) {
  std::string out;
  for (const std::string& character : Characters(text).shown) out += character;
  return out;
}

std::string indented(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += "  " + shown(text.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  return out;
}

// "plan.yaml:12:5: ", with the column in characters, as editors count it.
std::string place(const std::string& file, const std::vector<std::string>& lines,
                  const Span& span) {
  if (span.line <= 0) return file + ": ";
  std::size_t column = static_cast<std::size_t>(std::max(span.column, 1));
  if (static_cast<std::size_t>(span.line) <= lines.size()) {
    const std::string& line = lines[static_cast<std::size_t>(span.line) - 1];
    column = Characters(line).index_of(column - 1, line.size()) + 1;
  }
  return fmt::format("{}:{}:{}: ", file, span.line, column);
}

std::string source(const std::vector<std::string>& lines, const Span& span) {
  if (span.line <= 0 || static_cast<std::size_t>(span.line) > lines.size()) return "";
  return underlined(lines[static_cast<std::size_t>(span.line) - 1], span);
}

// Edits between two words, swaps of neighbours counted as one.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); j++) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); i++) {
    before.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); j++) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string folded(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

Diagnostics::Diagnostics(std::string file, std::string text)
    : file_(std::move(file)), lines_(split_lines(text)) {}

Diagnostic& Diagnostics::add(Severity severity, std::string code, Span span, std::string message,
                             std::string fix) {
  auto earlier = [](const Span& place, const Diagnostic& d) {
    return std::tie(place.line, place.column) < std::tie(d.span.line, d.span.column);
  };
  auto at = std::upper_bound(all_.begin(), all_.end(), span, earlier);
  return *all_.insert(
      at, Diagnostic{severity, std::move(code), span, std::move(message), std::move(fix), {}, {}, {}, {}});
}

Diagnostic& Diagnostic::about(std::string what) {
  subject = std::move(what);
  return *this;
}

void Diagnostic::see(Span place, std::string what) { related.push_back({place, std::move(what)}); }

Diagnostic& Diagnostics::error(std::string code, Span span, std::string message, std::string fix) {
  return add(Severity::error, std::move(code), span, std::move(message), std::move(fix));
}

Diagnostic& Diagnostics::warning(std::string code, Span span, std::string message,
                                 std::string fix) {
  return add(Severity::warning, std::move(code), span, std::move(message), std::move(fix));
}

Diagnostic& Diagnostics::note(std::string code, Span span, std::string message, std::string fix) {
  return add(Severity::note, std::move(code), span, std::move(message), std::move(fix));
}

bool Diagnostics::waive(const std::string& code, const std::string& subject, const std::string& reason, const std::string& until,
                        std::set<std::string>& others) {
  bool any = false;
  for (Diagnostic& d : all_) {
    if (d.code != code || d.severity != Severity::warning) continue;
    if (d.subject != subject) {
      others.insert(d.subject);
      continue;
    }
    any = true;
    d.severity = Severity::note;
    d.waived = reason;
    d.until = until;
  }
  return any;
}

bool Diagnostics::has_errors() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

std::string Diagnostics::render(const Diagnostic& d) const {
  std::string out = fmt::format("{}{}: {} [{}]\n", place(file_, lines_, d.span), word(d.severity),
                                shown(d.message), d.code);
  out += source(lines_, d.span);
  if (!d.waived.empty()) out += indented(fmt::format("waived until {}: {}", d.until, d.waived));
  else if (!d.fix.empty()) out += indented(d.fix);
  for (const Related& related : d.related) {
    out += fmt::format("{}note: {}\n", place(file_, lines_, related.span),
                       shown(related.message));
    out += source(lines_, related.span);
  }
  return out;
}

std::string Diagnostics::render() const {
  std::string out;
  for (const Diagnostic& d : all_) out += render(d);
  return out;
}

std::string counted(std::size_t count, const std::string& thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::size_t utf8_length(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; i++)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  bool beyond = (lead == 0xED && byte(1) >= 0xA0) || (lead == 0xF4 && byte(1) >= 0x90);
  return overlong || beyond ? 0 : length;
}

std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  std::string wanted = folded(name);
  for (const std::string& candidate : known) {
    std::size_t longer = std::max(name.size(), candidate.size());
    std::size_t limit = std::max<std::size_t>((longer + 1) / 3, 1);
    if (longer - std::min(name.size(), candidate.size()) > limit) continue;
    std::size_t edits = distance(wanted, folded(candidate));
    if (edits > limit || edits >= longer) continue;
    if (!best || edits < best_distance) best = candidate, best_distance = edits;
  }
  return best;
}

}  // namespace rekey
