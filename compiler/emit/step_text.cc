#include "compiler/emit/step_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "compiler/lower/sql.h"

namespace rekey::emit {
namespace {

using nlohmann::json;

// What is the step's own: all of it outside of a transaction, else what frame.sql puts its frame around.
struct Own {
  std::string before, body;
};

Own own_statements(const PhaseFrame& frame, const lower::Step& step, Direction direction, json more) {
  const std::string file = "steps/" + step.kind + ".sql";
  const bool up = direction == Direction::up;
  more["step"] = sql::literal(step.id);
  more["lock_timeout"] = frame.lock_timeout;
  // One text for both ways, where only its data differ.
  const bool both = frame.templates.has_part(file, "both");
  if (both) more.update(step.data.value(up ? "up" : "down", json::object()));
  Own own{"", frame.templates.render(file, both ? "both" : up ? "up" : "down", step.data, more)};
  if (up && frame.templates.has_part(file, "before")) {
    own.before = frame.templates.render(file, "before", step.data, more);
  }
  return own;
}

const char* frame_part(const lower::Step& step, Direction direction) {
  if (step.kind == "foundation") return "plain";  // it makes the journal, or drops it
  return direction == Direction::up ? "up" : "down";
}

std::string framed(const PhaseFrame& frame, const std::string& part, const std::string& step, const Own& own) {
  return frame.templates.render("steps/frame.sql", part,
                                {{"step", sql::literal(step)},
                                 {"lock_timeout", frame.lock_timeout},
                                 {"before", own.before},
                                 {"body", own.body}});
}

std::vector<std::string> fallback_tables(const PhaseFrame& frame, const lower::Step& step) {
  if (!step.table.empty()) return {step.table};
  std::vector<std::string> all;
  for (model::TableId t : frame.phase.model->changed) {
    all.push_back(sql::table(frame.input.model.tables[t].name()));
  }
  return all;
}

// "ACCESS EXCLUSIVE on a, b; ROW SHARE on c", strongest first.
std::string lock_list(const std::vector<bundle::TableLock>& locks) {
  std::string out;
  for (int mode = static_cast<int>(bundle::LockMode::access_exclusive); mode >= 0; --mode) {
    std::vector<std::string> tables;
    for (const auto& lock : locks) {
      if (static_cast<int>(lock.mode) == mode) tables.push_back(lock.table);
    }
    if (tables.empty()) continue;
    out += fmt::format("{}{} on {}", out.empty() ? "" : "; ",
                       bundle::name(static_cast<bundle::LockMode>(mode)), joined(tables));
  }
  return out.empty() ? "no lock on your tables" : out;
}

std::string effects_line(const bundle::Side& side) {
  std::string line = lock_list(side.locks);
  if (!side.rewrites.empty()) line += "; rewrites " + joined(side.rewrites);
  if (!side.scans.empty()) line += "; reads all of " + joined(side.scans);
  return line;
}

std::string header(const PhaseFrame& frame, const lower::Step& step, Direction direction,
                   const bundle::Side& side) {
  const bool up = direction == Direction::up;
  const auto place = step.place.line > 0 ? fmt::format(" · {}:{}", frame.input.plan_file, step.place.line)
                                         : std::string();
  const bool offline = frame.phase.model->is_fenced() && !frame.input.model.contracts(*frame.phase.model);
  std::string text = fmt::format("-- step {} · {}{}{}\n", step.id, offline ? "offline" : "online",
                                 step.transactional ? "" : " · outside of a transaction", place);
  text += wrapped("-- ", (up ? "" : "way back: ") + (up ? step.up_title : step.down_title));
  text += wrapped("-- ", effects_line(side));
  if (up) {
    text += step.kind == "foundation"
                ? "-- its way back in down.sql removes the journal; roll the other phases back first\n"
                : fmt::format("-- goes back with {} in down.sql, for as long as schema rekey is there\n",
                              step.id);
  }
  return text;
}

// Comments do not count: a plan line that moved is not another step.
std::string journal_digest(const std::string& text, const std::vector<bundle::Range>& statements) {
  std::string bytes;
  for (const auto& range : statements) bytes.append(text, range.offset, range.length).append(1, '\n');
  return bundle::sha256(bytes);
}

// The promise of an online phase.
void refuse_long_locks(const lower::Step& step, const lint::Effects& effects) {
  for (const auto& lock : effects.locks) {
    if (lock.mode != bundle::LockMode::access_exclusive) continue;
    for (const auto* long_work : {&effects.rewrites, &effects.scans}) {
      if (std::find(long_work->begin(), long_work->end(), lock.table) == long_work->end()) continue;
      throw std::logic_error(fmt::format("online step {} would go through {} under ACCESS EXCLUSIVE", step.id, lock.table));
    }
  }
}

[[noreturn]] void fail(const std::string& what, const std::string& text, const lint::SyntaxError& error) {
  throw std::logic_error(fmt::format("{} does not parse: {} at character {} of\n{}", what, error.what(),
                                     error.offset + 1, text));
}

}  // namespace

std::string joined(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, ", "));
}

std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

std::string cell(std::string text) {
  text = one_line(text);
  for (auto at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, "\\");
  return text;
}

std::string wrapped(const std::string& prefix, const std::string& text) {
  std::istringstream words(one_line(text));
  std::string word, line = prefix, out;
  while (words >> word) {
    if (line.size() + word.size() > 99 && line.size() > prefix.size() + 2) {
      out += line + "\n";
      line = prefix + "  ";
    }
    if (line.back() != ' ') line += ' ';
    line += word;
  }
  return out + line + "\n";
}

PhaseFrame phase_frame(const Input& input, const lower::Phase& phase, const Templates& templates,
                       const lint::Knowledge& knowledge) {
  const auto& timeout = input.model.plan->lock_timeout.value;
  PhaseFrame frame{input, phase, templates, knowledge, sql::literal(timeout.empty() ? "2s" : timeout), {}};
  for (const char* part : {"up", "down", "plain"}) {
    const auto text = framed(frame, part, "", {});
    try {
      frame.around.try_emplace(part, text);
    } catch (const lint::SyntaxError& error) {
      fail(fmt::format("part {} of steps/frame.sql", part), text, error);
    }
  }
  return frame;
}

StepText step_text(const PhaseFrame& frame, const lower::Step& step, Direction direction, json more) {
  const Own own = own_statements(frame, step, direction, std::move(more));
  const std::string part = frame_part(step, direction);
  const std::string sql_text = step.transactional ? framed(frame, part, step.id, own) : own.body;
  StepText out;
  lint::Effects effects;
  const auto fallback = fallback_tables(frame, step);
  std::size_t count = 0;
  auto read = [&](const lint::ParsedSql& parsed) {
    count += parsed.statements().size();
    for (const auto* statement : parsed.statements()) {
      lint::add_effects(*statement, frame.knowledge, fallback, effects);
    }
  };
  try {
    if (step.transactional) read(frame.around.at(part));
    read(lint::ParsedSql(own.before + own.body));
    out.side.statements = lint::statements_in(sql_text, count);
  } catch (const lint::SyntaxError& error) {
    fail("step " + step.id, own.before + own.body, error);
  }
  // What a cleanup drops it reads behind its lock, which the plan has said.
  const bool cleanup = frame.phase.model->written->kind.value == plan::PhaseKind::cleanup && step.kind != "drop";
  if (cleanup || !frame.phase.model->is_fenced()) refuse_long_locks(step, effects);
  out.side.locks = std::move(effects.locks);
  out.side.rewrites = std::move(effects.rewrites);
  out.side.scans = std::move(effects.scans);
  out.side.shared = effects.shared;
  out.side.journal = journal_digest(sql_text, out.side.statements);
  const auto comment = header(frame, step, direction, out.side);
  out.text = comment + sql_text;
  for (auto& range : out.side.statements) range.offset += comment.size();
  out.side.text = {0, out.text.size()};
  return out;
}

}  // namespace rekey::emit
