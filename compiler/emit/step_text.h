// One side of one step as text, with what the parse tree says about it.
#pragma once

#include "compiler/emit/emit.h"
#include "compiler/lint/locks.h"

namespace rekey::emit {

struct StepText {
  std::string text;             // header comment, then the statements
  bundle::Side side;            // ranges relative to the text
};

enum class Direction { up, down };

// What all steps of a phase share.
struct PhaseFrame {
  const Input& input;
  const lower::Phase& phase;
  const Templates& templates;
  const lint::Knowledge& knowledge;
  std::string lock_timeout;     // literal
  std::map<std::string, lint::ParsedSql> around;  // by part of frame.sql: what it puts around a step's own
                                                  // statements; the ids in it say nothing of locks
};

PhaseFrame phase_frame(const Input& input, const lower::Phase& phase, const Templates& templates,
                       const lint::Knowledge& knowledge);

// `more` is what the templates see beside the data of the step.
StepText step_text(const PhaseFrame& frame, const lower::Step& step, Direction direction,
                   nlohmann::json more = nlohmann::json::object());

std::string joined(const std::vector<std::string>& items);  // a, b, c
// Text for a comment: no line feed can end it early.
std::string one_line(std::string_view text);
// A cell of a table in Markdown: no bar or line feed ends it.
std::string cell(std::string text);
// Lines of at most 100 columns, each after the prefix, further ones indented by two more.
std::string wrapped(const std::string& prefix, const std::string& text);

}  // namespace rekey::emit
