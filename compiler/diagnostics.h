// Errors, warnings and notes about a plan, each with its place, collected until a stage ends.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace rekey {

// A place in the plan file, from 1, in bytes; length is what the caret underlines. Line 0: no place.
struct Span {
  int line = 0;
  int column = 0;
  int length = 1;
};

enum class Severity { error, warning, note };

struct Related {
  Span span;
  std::string message;  // "first defined here"
};

struct Diagnostic {
  Severity severity;
  std::string code;     // stable, kebab-case: "unknown-key"
  Span span;
  std::string message;  // what is wrong, one sentence, no full stop
  std::string fix;      // what to write instead; may be empty
  std::vector<Related> related;
  std::string subject = {};  // of a warning: the table, phase or dependent that it is about
  std::string waived = {};   // the reason why a warning is right, which is a note then
  std::string until = {};    // the last day on which that holds

  Diagnostic& about(std::string what);
  void see(Span place, std::string what);
};

class Diagnostics {
 public:
  // file is what messages show; text is its content, for the line under the message.
  Diagnostics(std::string file, std::string text);

  Diagnostic& error(std::string code, Span span, std::string message, std::string fix = {});
  Diagnostic& warning(std::string code, Span span, std::string message, std::string fix = {});
  Diagnostic& note(std::string code, Span span, std::string message, std::string fix = {});

  // The warnings of this code about that become notes, with the reason. False where there is none; `others`: what
  // warnings of the code are about that are left.
  bool waive(const std::string& code, const std::string& subject, const std::string& reason, const std::string& until,
             std::set<std::string>& others);

  bool has_errors() const;
  const std::vector<Diagnostic>& all() const { return all_; }  // in order of their place
  const std::string& file() const { return file_; }
  // What a person reads:
  //   plan.yaml:12:5: error: unknown key "colums" [unknown-key]
  //       colums: {}
  //       ^~~~~~
  //     did you mean "columns"?
  // Of one that is waived, the reason stands in place of what to write.
  std::string render() const;
  std::string render(const Diagnostic& d) const;

 private:
  Diagnostic& add(Severity severity, std::string code, Span span, std::string message, std::string fix);
  std::string file_;
  std::vector<std::string> lines_;
  std::vector<Diagnostic> all_;
};

// The known name nearest to `name`, when it is near enough to be a slip of the pen.
std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& known);

std::string counted(std::size_t count, const std::string& thing);  // "1 table", "2 tables"

// Bytes of the well-formed UTF-8 character at the start of `text` (not empty); 0 when there is none.
std::size_t utf8_length(std::string_view text);

}  // namespace rekey
