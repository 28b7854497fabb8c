#include "runtime/operation.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/command_checks.h"
#include "runtime/db/server_message.h"
#include "runtime/interrupt.h"
#include "runtime/outcome.h"
#include "runtime/verification.h"
#include "runtime/waivers.h"

namespace rekey {

namespace {

using namespace std::chrono_literals;

std::map<std::string, double> estimated_rows(db::Connection& session, const bundle::Bundle& b) {
  std::set<std::string> tables;
  for (const bundle::Phase& phase : b.phases)
    tables.insert(phase.tables.begin(), phase.tables.end());
  std::string list;
  for (const std::string& name : tables)
    list += (list.empty() ? "" : ", ") + db::quote_literal(name);
  std::map<std::string, double> rows;
  for (const db::Row& row :
       session
           .exec(fmt::format("SELECT t.name, CASE c.relkind WHEN 'p' THEN 0 ELSE c.reltuples END "
                             "FROM unnest(ARRAY[{}]::text[]) t (name) "
                             "JOIN pg_catalog.pg_class c ON c.oid = to_regclass(t.name)",
                             list))
           .rows) {
    rows[row[0].value_or("")] = std::stod(row[1].value_or("0"));
  }
  return rows;
}

std::string refusal(const std::string& head, const std::vector<std::string>& problems) {
  std::string text = head;
  for (const std::string& problem : problems) text += "\n  " + problem;
  return text;
}

std::string error_text(const db::Error& error) {
  std::string text = std::string("  ") + error.what();
  if (!error.sqlstate.empty()) text += " (" + error.sqlstate + ")";
  if (!error.detail.empty()) text += "\n  detail: " + error.detail;
  if (!error.hint.empty()) text += "\n  hint: " + error.hint;
  return text;
}

void warn(const std::vector<std::string>& warnings) {
  for (const auto& warning : warnings) fmt::print(stderr, "{}", wrapped("note: " + warning));
}

std::string interruption(const bundle::Bundle& b) {
  const bool fills = std::ranges::any_of(b.phases, [](const bundle::Phase& p) {
    return std::ranges::any_of(p.steps, [](const bundle::Step& step) { return step.up.shared; });
  });
  return fmt::format("interrupted; the steps that ran are rolled back{}", fills ? ", backfills go on where they stood" : "");
}

}  // namespace

const bundle::Phase& find_phase(const bundle::Bundle& b, const std::string& id_or_name) {
  std::string known;
  for (const bundle::Phase& phase : b.phases) {
    if (phase.id == id_or_name || phase.name == id_or_name) return phase;
    known += fmt::format("{}{} {}", known.empty() ? "" : ", ", phase.id, phase.name);
  }
  throw Usage(fmt::format("no phase \"{}\" in this bundle; it has {}", id_or_name, known));
}

Operation::Operation(const Options& options, Direction direction)
    : options_(options),
      direction_(direction),
      bundle_(bundle::read_bundle(options.bundle)),
      run_(options.database, bundle_.plan, options.verbose) {
  sources_.emplace(bundle_);
  watch_signals();
  control_ = run_.open("control");
}

Operation::~Operation() = default;

void Operation::wait(std::chrono::milliseconds time) const {
  if (pause_for(time)) return;
  if (progress_) throw Interrupted{};
  throw Failed("interrupted; nothing has been changed");
}

void Operation::lock(std::chrono::seconds patience) {
  LockOwner other;
  bool named = false;
  // A session whose client has just gone needs a moment to go too.
  for (auto waited = 0ms; !take_plan_lock(*control_, bundle_.plan, &other); waited += 50ms) {
    if (!options_.wait && waited >= patience) {
      throw Refused(
          fmt::format("plan {} is being worked on by pid {} ({}, {}) since {}; wait for it, or "
                      "start with --wait",
                      bundle_.plan, other.pid, other.user, other.application, other.since));
    }
    if (waited >= 1s && !named) {
      fmt::print(stderr, "waiting for pid {} ({}), which works on plan {} since {}\n", other.pid,
                 other.application, bundle_.plan, other.since);
      named = true;
    }
    wait(50ms);
  }
  wait_for_orphans();
}

void Operation::wait_for_orphans() {
  std::set<int> named;
  for (auto pause = 50ms;; pause = 200ms) {
    const std::vector<Orphan> orphans = find_orphans(*control_, run_);
    if (orphans.empty()) return;
    for (const Orphan& orphan : orphans) {
      if (!named.insert(orphan.pid).second) continue;
      fmt::print(stderr,
                 "pid {0} ({1}) is left behind and still there ({2} for {3}): {4}\n"
                 "  waiting: it ends when its statement does, or the server finds its client gone; "
                 "to end it now: SELECT pg_terminate_backend({0})\n",
                 orphan.pid, orphan.application, orphan.state, orphan.since, orphan.query);
    }
    wait(pause);
  }
}

// Stages of one domain share its rows: while one is in its middle, nothing can be said of those of the others.
bool shares_rows_with_an_open_one(const bundle::Bundle& b, const bundle::Phase& phase, const Journal& now) {
  return std::ranges::any_of(b.domains, [&](const bundle::Domain& d) {
    std::vector<std::string> stages = d.stages;
    stages.push_back(d.phase);
    return std::ranges::find(stages, phase.id) != stages.end() &&
           std::ranges::any_of(stages, [&](const std::string& stage) { return now.in_the_middle(stage); });
  });
}

// Those that this operation has not begun on.
std::vector<const bundle::Phase*> Operation::untouched(
    const std::vector<const bundle::Phase*>& phases, const Journal& now) const {
  std::vector<const bundle::Phase*> out;
  for (const bundle::Phase* phase : phases) {
    if (shares_rows_with_an_open_one(bundle_, *phase, now)) continue;
    if (direction_ == Direction::up ? !now.present(phase->id) : now.applied(phase->id))
      out.push_back(phase);
  }
  return out;
}

Problems Operation::find_problems(const std::vector<const bundle::Phase*>& phases) {
  Problems problems = check_server(*control_, bundle_);
  if (!problems.empty()) return problems;
  const auto add = [&](Problems more) {
    problems.insert(problems.end(), more.begin(), more.end());
  };
  add(check_schemas(*control_, bundle_));
  if (!problems.empty()) return problems;
  const Journal now = journal();
  add(differences(now, bundle_));
  add(check_drift(*control_, bundle_, now));
  if (!phases.empty()) add(check_rights(*control_, bundle_, now));
  if (!phases.empty() && direction_ == Direction::up) {
    const WaiversNow waivers = waivers_now(*control_, bundle_);
    // A phase in its middle keeps its tables closed: to be finished whatever the day.
    const bool begun = std::ranges::any_of(bundle_.phases, [&](const bundle::Phase& p) { return now.in_the_middle(p.id); });
    if (!begun) add(waivers.ended);
    warn(waivers.ending);
  }
  if (!problems.empty() || phases.empty()) return problems;
  const auto next = untouched(phases, now);
  add(check_rows(run_, *control_, bundle_, next, direction_, options_.jobs));
  run_.orphans_looked_for(next);
  if (problems.empty()) warn(warn_of_event_triggers(*control_));
  if (direction_ == Direction::down) {
    add(check_fresh_ids(*control_, next));
    if (now.installed && phases.back()->kind == "foundation") add(check_removal(*control_, bundle_));
    return problems;
  }
  const auto ranges = id_ranges(*control_, bundle_, now);
  add(check_ranges(ranges));
  if (problems.empty()) warn(warn_of_order(ranges));
  return problems;
}

void Operation::check(const std::vector<const bundle::Phase*>& phases) {
  const Problems problems = find_problems(phases);
  if (!problems.empty()) throw Refused(refusal("nothing has been changed; in the way:", problems));
}

void Operation::confirm(const std::string& question) {
  if (options_.yes) return;
  if (isatty(STDIN_FILENO) == 0) {
    throw Refused("confirmation missing: start it on a terminal, or with --yes");
  }
  const std::string database = control_->exec("SELECT current_database()").only().value();
  fmt::print(stderr, "{}\n{}\nType the name of the database ({}) to go on: ", describe(*control_),
             question, database);
  std::string answer;
  if (!std::getline(std::cin, answer) || answer != database) {
    throw Refused("not confirmed; nothing has been changed");
  }
}

// The journal as it will be when the phase is open: all of its steps are to be done.
Journal Operation::as_opened(Journal now, const bundle::Phase& phase) const {
  if (direction_ == Direction::down || now.present(phase.id)) return now;
  now.phases[phase.id].state = "applying";
  std::erase_if(now.steps, [&](const auto& step) { return step.second.phase == phase.id; });
  return now;
}

std::vector<const bundle::Step*> Operation::todo(const bundle::Phase& phase,
                                                 const Journal& now) const {
  std::vector<const bundle::Step*> steps;
  if (direction_ == Direction::up) {
    if (!now.present(phase.id)) return {&phase.steps.front()};
    for (const bundle::Step& step : phase.steps) {
      if (now.step_state(step.id) != "done") steps.push_back(&step);
    }
    return steps;
  }
  if (!now.present(phase.id)) return {};
  for (const std::string& id : phase.undo_order) {
    const auto step = std::ranges::find(phase.steps, id, &bundle::Step::id);
    const std::string state = now.step_state(id);
    if (state == "undone" || state.empty() || (state == "pending" && !step->undo_always)) continue;
    steps.push_back(&*step);
  }
  return steps;
}

void Operation::run_steps(Executor& executor, const bundle::Phase& phase,
                          const std::vector<const bundle::Step*>& steps) {
  executor.run(phase, steps, direction_, run_number_);
}

void Operation::announce(const bundle::Phase& phase) { progress_->phase(phase, direction_); }

void Operation::lock_out(const bundle::Phase& phase) {
  if (phase.kind != "tables" || phase.strategy != "offline") return;
  std::set<int> named;
  for (;;) {
    std::vector<std::string> others;
    for (const db::Holder& holder : db::lock_holders(*control_, phase.tables, {})) {
      if (options_.wait && !named.insert(holder.pid).second) {
        others.emplace_back();
      } else {
        others.push_back(db::to_text(holder));
      }
    }
    if (others.empty()) return;
    if (!options_.wait) {
      throw Refused(refusal(
          fmt::format(
              "phase {} {} has not been begun; other sessions are on its tables (end them, or "
              "start with --wait):",
              phase.id, phase.name),
          others));
    }
    for (const std::string& other : others) {
      if (!other.empty()) progress_->say("waiting for " + other);
    }
    if (!pause_for(500ms)) throw Interrupted{};
  }
}

void Operation::ask_commands(const bundle::Phase& phase) {
  const auto say = [this](const std::string& line) { progress_->say(line); };
  const auto wrong = run_commands(phase, &bundle::Command::before, options_.database, say);
  if (wrong.empty()) return;
  throw Failed(refusal(fmt::format("phase {} {} has not been begun; settle this first:", phase.id, phase.name), wrong));
}

void Operation::verify(const bundle::Phase& phase) {
  std::vector<std::string> wrong;
  for (const Check& check : false_ones(verify_phase(run_, *sources_, phase, "checks"))) {
    wrong.push_back(to_text(check));
  }
  const auto say = [this](const std::string& line) { progress_->say(line); };
  for (std::string& problem : run_commands(phase, &bundle::Command::after, options_.database, say)) {
    wrong.push_back(fmt::format("phase {}: {}", phase.id, problem));
  }
  if (!wrong.empty()) {
    unverified_ = phase.id;
    throw Failed(refusal(
        fmt::format("phase {} {} is applied, and does not verify:", phase.id, phase.name), wrong));
  }
}

void Operation::register_run(const Journal& now) {
  if (!now.installed || !run_number_.empty()) return;
  run_number_ =
      begin_run(*control_, direction_ == Direction::up ? "apply" : "rollback", bundle_.plan_digest);
}

std::string Operation::command(Direction direction, const std::string& to) const {
  std::string text = direction == Direction::up ? "rekey apply " : "rekey rollback ";
  text += shell(options_.bundle);
  if (!to.empty()) text += " --to " + shell(to);
  if (!options_.database.empty())
    text += " --database " + shell(db::address_without_password(options_.database));
  return text + " --yes";
}

std::string Operation::way_on() {
  std::string text = "\ngo on:   " + command(direction_, options_.to);
  std::string open, before;
  bool rolling_back = false, online = false;
  try {
    const Journal now = journal();
    for (const bundle::Phase& phase : bundle_.phases) {
      if (now.in_the_middle(phase.id)) {
        open = phase.id + " " + phase.name;
        online = phase.strategy == "online" || phase.kind != "tables";
        rolling_back = now.phase_state(phase.id) == "rolling back";
        break;
      }
      if (phase.id == unverified_) break;
      if (now.applied(phase.id)) before = phase.id;
    }
  } catch (const std::exception&) {
    return text;  // no server, no journal: what to type next holds all the same
  }
  if (direction_ == Direction::up) text += "\ngo back: " + command(Direction::down, before);
  if (!open.empty()) {
    const char* end = rolling_back ? "rolled back" : "applied or rolled back";
    text = online ? fmt::format("\nPhase {} is open until it is {}; its tables are read and written meanwhile.", open, end) + text
                  : fmt::format("\nPhase {} is open: its tables stay closed for writes until it is {}.", open, end) + text;
  }
  return text;
}

void Operation::explain(const std::string& what) {
  progress_.reset();
  const std::string text = what + way_on();
  try {
    finish("failed");
  } catch (const std::exception&) {
    // The server is gone; the run stays without an end in the journal.
  }
  throw Failed(text);
}

void Operation::finish(const std::string& outcome) {
  if (!run_number_.empty() && journal().installed) end_run(*control_, run_number_, outcome);
}

// The plan's lock went with the old control session, unless it was another session that was lost.
void Operation::renew_control() {
  const std::chrono::seconds patience(options_.reconnect);
  try {
    control_->exec("SELECT 1");
    wait_for_orphans();
  } catch (const db::Disconnected&) {
    control_ = run_.open("control");
    lock(patience);
  }
}

void Operation::reconnect(const std::string& why) {
  progress_->say(fmt::format("{}; connecting again for up to {} s", why, options_.reconnect));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(options_.reconnect);
  const db::RetryPolicy policy;
  for (int tries = 1;; ++tries) {
    try {
      return renew_control();
    } catch (const Refused& error) {
      throw Failed(error.what());
    } catch (const db::Disconnected& error) {
      if (std::chrono::steady_clock::now() >= deadline) {
        throw Failed(fmt::format("the server stays away: {}", error.what()));
      }
      wait(back_off(policy, tries));
    }
  }
}

void Operation::drive(Executor& executor, const std::function<std::string(Executor&)>& work,
                      std::string* outcome) {
  for (int losses = 0;;) {
    const std::size_t before = progress_->totals().steps;
    try {
      *outcome = work(executor);
      return finish(*outcome);
    } catch (const db::Disconnected& error) {
      losses = progress_->totals().steps > before ? 1 : losses + 1;
      if (losses > 5) {
        throw Failed(fmt::format("lost the connection {} times at the same place: {}", losses,
                                 error.what()));
      }
      executor.disconnect();
      reconnect(error.what());
    }
  }
}

int Operation::conduct(const std::vector<const bundle::Phase*>& phases,
                       const std::function<std::string(Executor&)>& work) {
  progress_ = std::make_unique<Progress>(options_.json ? stderr : stdout, options_.verbose,
                                         estimated_rows(*control_, bundle_));
  Executor executor(run_, *sources_, *progress_, std::max(1, options_.jobs));
  const Journal now = journal();
  if (!phases.empty()) register_run(now);
  for (const bundle::Phase* phase : phases) {
    for (const bundle::Step* step : todo(*phase, as_opened(now, *phase)))
      progress_->expect(*step, direction_);
  }
  std::string outcome;
  try {
    drive(executor, work, &outcome);
  } catch (const StepFailed& failed) {
    explain(fmt::format("step {} failed and is rolled back:\n{}", failed.step.id,
                        error_text(failed.error)));
  } catch (const Interrupted&) {
    explain(interruption(bundle_));
  } catch (const Failed& failed) {
    explain(failed.what());
  } catch (const db::Error& error) {
    explain("failed:\n" + error_text(error));
  } catch (const Refused&) {
    finish("refused");
    throw;
  }
  print_result(outcome);
  return kDone;
}

void Operation::print_result(const std::string& outcome) {
  const std::string summary = progress_->summary();
  const Progress::Totals t = progress_->totals();
  progress_.reset();
  if (!options_.json) {
    fmt::print("{}: {}\n", outcome, summary);
    return;
  }
  nlohmann::ordered_json phases = nlohmann::ordered_json::array();
  const Journal now = journal();
  for (const bundle::Phase& phase : bundle_.phases) {
    const std::string state = now.phase_state(phase.id);
    phases.push_back(
        {{"phase", phase.id}, {"name", phase.name}, {"state", state.empty() ? "pending" : state}});
  }
  fmt::print("{}\n", nlohmann::ordered_json{{"schema_version", 1},
                                            {"plan", bundle_.plan},
                                            {"outcome", outcome},
                                            {"steps", t.steps},
                                            {"rows", static_cast<std::int64_t>(t.rows)},
                                            {"seconds", t.time.count()},
                                            {"longest_exclusive_lock_seconds", t.exclusive.count()},
                                            {"longest_exclusive_lock_step", t.exclusive_step},
                                            {"phases", phases}}
                         .dump(2));
}

}  // namespace rekey
