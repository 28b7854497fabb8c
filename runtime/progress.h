// What a person sees while steps run: a line a finished step, and on a terminal one line below them
// that is drawn again and again. May be called from several threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "runtime/bundle/bundle.h"
#include "runtime/scheduler.h"
#include "runtime/text.h"

namespace rekey {

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
  // rows: what the step counted; else the estimate is shown. last_try: of `time` what locks may have been held for.
  void end(const bundle::Step& step, Direction direction, Seconds time, Seconds last_try, std::optional<double> rows);
  void fail(const bundle::Step& step, Seconds time);
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
  std::map<std::string, std::chrono::steady_clock::time_point> running_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  Totals totals_;
};

}  // namespace rekey
