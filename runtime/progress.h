// What a person sees while steps run: a line a finished step, and on a terminal one line below them
// that is drawn again and again. May be called from several threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "runtime/backfills.h"
#include "runtime/bundle/bundle.h"
#include "runtime/scheduler.h"
#include "runtime/text.h"

namespace rekey {

bool exclusive(const bundle::Side& side);  // it locks some table so that nobody else may even read it

// What a step did.
struct Ran {
  std::optional<double> rows;  // of one that counted them
  std::string note;            // what else there is to say of it
  Seconds held{0};             // no lock was held for longer
};

class Progress {
 public:
  // lines: where finished steps go (stdout, or stderr beside --json), all or those that rewrite a
  // table. rows: the planner's estimate
  // of rows for every table; steps: how many this command is going to run.
  Progress(std::FILE* lines, bool every_step, std::map<std::string, double> rows);
  ~Progress();
  Progress(const Progress&) = delete;

  double rows_of(const bundle::Side& side) const;  // that it rewrites
  void expect(const bundle::Step& step, Direction direction);  // adds to the totals
  void phase(const bundle::Phase& phase, Direction direction);
  void begin(const bundle::Step& step);
  // Where the step has not counted its rows the estimate is shown.
  void end(const bundle::Step& step, Direction direction, Seconds time, const Ran& ran);
  // How far a step that runs is. Where there is no terminal a line now and then, and one when it begins to wait.
  void filling(const Backfill& backfill);
  void fail(const bundle::Step& step, Seconds time);
  // Who a step that runs waits for; said when it begins to.
  void waiting(const std::string& step, const std::string& whom);
  // A line of its own on stderr: a wait, a lost connection.
  void say(const std::string& line);
  void tick();

  struct Totals {
    std::size_t steps = 0, expected = 0;
    double rows = 0, expected_rows = 0;
    Seconds time{0}, exclusive{0};
    std::string exclusive_step;
  };
  Totals totals() const;
  // "12 steps, 200,000 rows in 3.2 s; longest exclusive lock 1.2 s (030.users.rewrite)"
  std::string summary() const;

 private:
  void erase();
  void draw();
  void line(const std::string& text);
  std::string status() const;

  mutable std::mutex mutex_;
  std::FILE* lines_;
  bool every_step_;
  std::map<std::string, double> rows_;
  bool terminal_, drawn_ = false;
  std::string phase_;
  struct Running {
    std::chrono::steady_clock::time_point since, told;
    std::optional<Backfill> backfill;
    std::string waits_for;
  };
  std::string status_of(const std::string& step, const Running& running) const;
  std::map<std::string, Running> running_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  Totals totals_;
};

}  // namespace rekey
