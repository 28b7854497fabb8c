#include "tests/durability/disturbance.h"

#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

namespace rekey::test {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPatience = 60s;
constexpr const char* kOurs = "datname = current_database() AND application_name LIKE 'rekey/%'";

// A copy of the scene's database, and a run on it through a proxy.
class Attempt {
 public:
  Attempt(const Scene& scene, const Disturbance& d)
      : scene_(scene),
        d_(d),
        database_(scene.start(d.direction).name()),
        proxy_(place_.path(), server().folder()) {}

  bool run();

 private:
  bool reach();
  void strike();
  void let_go();
  bool has_begun() const;
  void check_state() const;
  void check_status() const;
  void check_running(const std::map<std::string, int>& running) const;
  const StepUnits* step_in_hand() const;
  void await_no_session(const std::string& which) const;
  bool names_the_orphan(const std::string& text) const;
  Result see_through(const Process& process, bool through_proxy);
  void go_on(Direction direction);

  const Scene& scene_;
  const Disturbance& d_;
  const Database database_;
  const Folder place_;
  Proxy proxy_;
  Process first_;
  pid_t backend_ = -1;
  bool stopped_ = false;  // by SIGSTOP; it goes on when it has been named
  std::string sql_;  // at the point
};

[[noreturn]] void broken(const std::string& what) { throw Broken(what); }

// Each run has a tag of its own in the names of its sessions.
std::string without_tag(const std::string& sql) {
  static const std::regex tag("(rekey/[^/]*/)[0-9a-f]{8}/");
  return std::regex_replace(sql, tag, "$1*/");
}

bool Attempt::reach() {
  proxy_.arm(d_.point);
  first_ = start_rekey(scene_.line(d_.direction, database_, place_.path(), d_.jobs));
  if (!proxy_.serve([&] { return ended(first_); })) {
    const Result result = wait_for(first_);
    if (result.code != 0) broken("failed before the point was reached:\n" + result.err);
    return false;
  }
  const std::string& planned = scene_.course(d_.direction).units.at(d_.point.unit - 1);
  sql_ = proxy_.sql();
  if (d_.jobs == 1 && without_tag(sql_) != without_tag(planned)) broken("it should be " + planned);
  return true;
}

void Attempt::let_go() {
  if (stopped_) kill(backend_, SIGCONT);
  stopped_ = false;
}

// A control session without the plan's lock is nobody's concern: it has asked for nothing yet.
bool Attempt::has_begun() const {
  return database_.query(fmt::format("SELECT a.application_name NOT LIKE '%/control' OR l.pid IS NOT NULL "
                                     "FROM pg_stat_activity a LEFT JOIN pg_locks l ON l.pid = a.pid AND "
                                     "l.locktype = 'advisory' WHERE a.pid = {}", backend_)) != "f\n";
}

void Attempt::strike() {
  backend_ = proxy_.backend();
  stopped_ = d_.point.moment == Moment::unread;
  if (stopped_ && !has_begun()) let_go();
  switch (d_.fault) {
    case Fault::kill:
      kill(first_.pid, SIGKILL);
      wait_for(first_);
      proxy_.cut();
      break;
    case Fault::terminate:
      proxy_.drop();
      database_.run(fmt::format("SELECT pg_terminate_backend({})", backend_));
      let_go();
      await_no_session(fmt::format("pid = {}", backend_));
      break;
    case Fault::stop:
      proxy_.drop();
      let_go();
      server().restart(true);
      break;
    case Fault::cut: proxy_.cut(); break;
  }
}

// "020 applying 3 done 5 pending", a line a phase, from the journal itself.
std::string expected_status(const Scene& scene, const Database& database,
                            const std::map<std::string, int>& running) {
  std::map<std::string, std::string> states;
  std::map<std::string, int> done;
  if (!journal(database).empty()) {
    db::Connection session(database.url(), "test");
    for (const db::Row& row : session.exec("SELECT phase, state FROM rekey.phases").rows)
      states[*row[0]] = *row[1];
    for (const db::Row& row : session.exec("SELECT phase, step FROM rekey.steps s JOIN rekey.phases p "
                                           "USING (phase) WHERE s.state = 'done' AND p.state <> 'rolled back'")
                                  .rows) {
      if (!running.contains(*row[1])) ++done[*row[0]];
    }
  }
  std::string text;
  for (const bundle::Phase& phase : scene.manifest.phases) {
    int runs = 0;
    for (const bundle::Step& step : phase.steps) runs += running.contains(step.id) ? 1 : 0;
    text += fmt::format("{} {}, {} done, {} pending\n", phase.id,
                        states.contains(phase.id) ? states[phase.id] : "pending", done[phase.id],
                        static_cast<int>(phase.steps.size()) - done[phase.id] - runs);
  }
  return text;
}

// The step that the stopped backend has claimed.
const StepUnits* Attempt::step_in_hand() const {
  if (!stopped_) return nullptr;
  for (const StepUnits& step : scene_.course(d_.direction).steps) {
    if (step.claim && step.claim < d_.point.unit && d_.point.unit <= step.last) return &step;
  }
  return nullptr;
}

// What status says to run, against the sessions that are there.
void Attempt::check_running(const std::map<std::string, int>& running) const {
  const StepUnits* in_hand = d_.jobs == 1 ? step_in_hand() : nullptr;
  if (in_hand && !running.contains(in_hand->id)) broken("status does not say that a step runs: " + in_hand->id);
  for (const auto& [step, pid] : running) {
    if (d_.jobs == 1 && (!stopped_ || pid != backend_)) broken("status says that a step runs which does not: " + step);
    if (database_.query(fmt::format("SELECT {} AND pid = {} FROM pg_stat_activity WHERE pid = {}", kOurs, pid, pid)) !=
        "t\n") {
      broken(fmt::format("status says that {} runs in {}, which is no session of a run", step, pid));
    }
  }
}

// Status against the journal.
void Attempt::check_status() const {
  const Result result = rekey({"status", scene_.bundle, "--database", database_.url(), "--json"});
  if (stopped_ && result.err.find(fmt::format("the journal is locked, as it is while foundation goes back: pid {} (",
                                              backend_)) != std::string::npos) {
    return;
  }
  if (result.code != 0) broken(fmt::format("status ends with {}:\n{}{}", result.code, result.err, result.out));
  const auto json = nlohmann::json::parse(result.out);
  std::map<std::string, int> running;
  for (const auto& step : json.at("running")) running[step.at("step")] = step.at("pid");
  check_running(running);
  if (running.empty() && !stopped_ && !json.at("drift").is_array()) broken("status did not look for drift:\n" + result.out);
  std::string text;
  for (const auto& phase : json.at("phases")) {
    text += fmt::format("{} {}, {} done, {} pending\n", phase.at("phase").get<std::string>(),
                        phase.at("state").get<std::string>(), phase.at("steps").at("done").get<int>(),
                        phase.at("steps").at("pending").get<int>());
  }
  const std::string expected = expected_status(scene_, database_, running);
  if (text != expected) broken("status says\n" + text + "and the journal\n" + expected);
}

void Attempt::check_state() const {
  // With more jobs another worker may be in the middle of a statement, too.
  if (d_.fault == Fault::kill || d_.fault == Fault::cut) {
    await_no_session(stopped_ ? fmt::format("pid <> {}", backend_) : "true");
  } else {
    await_no_session("state = 'active'");
  }
  check_status();
  if (stopped_ || d_.jobs > 1) return;
  const std::string said = journal(database_);
  const auto& states = scene_.course(d_.direction).states;
  const auto known = states.find(said);
  if (known == states.end()) broken("the journal is as it never is:\n" + said);
  const std::string found = effects(database_);
  if (!known->second.contains(found)) {
    broken("the journal does not tell what is in effect:\n" +
           difference({"", *known->second.rbegin(), ""}, {"", found, ""}));
  }
}

void Attempt::await_no_session(const std::string& which) const {
  const std::string query =
      fmt::format("SELECT pid, application_name, state, query FROM pg_stat_activity WHERE {} AND {}", kOurs, which);
  std::string left;
  for (int tries = 0; tries < 1000; ++tries) {
    left = database_.query(query);
    if (left.empty()) return;
    std::this_thread::sleep_for(5ms);
  }
  broken("sessions are left:\n" + left);
}

// A worker or a session that checks is an orphan, one that holds the plan's lock is waited for.
bool Attempt::names_the_orphan(const std::string& text) const {
  const std::string pid = fmt::format("pid {} (", backend_);
  const std::size_t at = text.find(pid);
  if (at == std::string::npos) return false;
  return text.substr(at, text.find('\n', at) - at).find(") is left behind and still there") != std::string::npos ||
         text.find("waiting for " + pid) != std::string::npos;
}

// To its end; meanwhile a stopped backend has to be named, and then goes on.
Result Attempt::see_through(const Process& process, bool through_proxy) {
  const auto started = Clock::now();
  const auto over = [&] {
    if (stopped_ && names_the_orphan(read_text(process.err))) let_go();
    if (Clock::now() - started > kPatience) kill(process.pid, SIGKILL);
    return ended(process);
  };
  if (through_proxy) {
    proxy_.serve(over);
    proxy_.cut();
  } else {
    while (!over()) std::this_thread::sleep_for(2ms);
  }
  Result result = wait_for(process);
  if (!stopped_ || result.code == 1) return result;  // one that gives up leaves the naming to the next
  let_go();
  broken(fmt::format("pid {} was still there and has not been named; exit code {}:\n{}", backend_, result.code,
                     result.err));
}

void Attempt::go_on(Direction direction) {
  const Result second =
      see_through(start_rekey(scene_.line(direction, database_, server().folder(), d_.jobs)), false);
  if (second.code != 0) broken(fmt::format("the second start ends with {}:\n{}", second.code, second.err));
  await_no_session("true");
  // Where a cleanup has let go of columns they come back as the last ones.
  const Rest& wanted = d_.turn_round ? scene_.original : scene_.course(direction).end;
  const Rest found = rest_of(database_);
  if (d_.turn_round && found.schema != wanted.schema && same_but_for_order(found.schema, wanted.schema)) return;
  if (found != wanted) broken("not the undisturbed end:\n" + difference(wanted, found));
}

bool Attempt::run() {
  // A sequence copied by CREATE DATABASE may fall back in a crash until the next checkpoint.
  if (d_.fault == Fault::stop) database_.run("CHECKPOINT");
  try {
    if (!reach()) return false;
    strike();
    check_state();
    if (d_.fault != Fault::kill) {
      const Result first = see_through(first_, true);
      const bool in_a_step = scene_.course(d_.direction).statements.contains(sql_);
      const bool well = first.code == 0 || (!in_a_step && first.code == 1);
      if (!well) broken(fmt::format("the run ends with {}:\n{}", first.code, first.err));
    }
    go_on(d_.turn_round ? Direction::down : d_.direction);
  } catch (const std::exception& error) {
    let_go();
    if (first_.pid > 0 && !ended(first_)) kill(first_.pid, SIGKILL);
    throw Broken(fmt::format("{}\nat the point stood: {}", error.what(), sql_));
  }
  return true;
}

}  // namespace

const char* name(Fault fault) {
  switch (fault) {
    case Fault::kill: return "kill -9";
    case Fault::terminate: return "pg_terminate_backend";
    case Fault::stop: return "immediate stop";
    case Fault::cut: return "cut";
  }
  return "";
}

std::string to_text(const Disturbance& d, const Scene& scene) {
  const Course& course = scene.course(d.direction);
  std::string where;
  for (const StepUnits& step : course.steps) {
    if (step.first <= d.point.unit && d.point.unit <= step.last) {
      where = fmt::format("{}, statement {} of {}", step.id, d.point.unit - step.first + 1,
                          step.last - step.first + 1);
    }
  }
  if (where.empty()) where = course.units.at(d.point.unit - 1).substr(0, 70);
  if (d.jobs > 1) where = fmt::format("--jobs {}", d.jobs);
  return fmt::format("{}{}: {} {} unit {} ({})", d.direction == Direction::up ? "apply" : "rollback",
                     d.turn_round ? " and back" : "", name(d.fault), name(d.point.moment), d.point.unit, where);
}

bool disturb(const Scene& scene, const Disturbance& d) { return Attempt(scene, d).run(); }

}  // namespace rekey::test
