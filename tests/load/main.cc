// load: many sessions that write a database whose keys change meanwhile, and the proof that nothing they wrote is
// lost, double or led astray. Exit codes: 0 all is right; 1 a difference, or a statement that failed while its tables
// had the shape it is written for; 2 wrong usage.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <list>
#include <thread>

#include "tests/load/session.h"

namespace {

using namespace rekey::load;
namespace db = rekey::db;
using nlohmann::json;

std::atomic<bool> signalled{false};

struct Options {
  Settings settings;
  std::string spec, report, until, stage_file;
  std::vector<std::string> states, tables;
  bool check = false;
};

json read_json(const std::string& file) { return json::parse(std::ifstream(file)); }

void write(const std::string& file, const std::string& text) {
  std::ofstream out(file);
  if (!(out << text << std::flush)) throw std::runtime_error("cannot write " + file);
}

std::string line_of(const std::string& file) {
  std::string line;
  std::getline(std::ifstream(file) >> std::ws, line);
  return line;
}

int print(const std::vector<std::string>& differences) {
  constexpr std::size_t kMost = 50;
  for (std::size_t i = 0; i < std::min(kMost, differences.size()); ++i) fmt::print("{}\n", differences[i]);
  if (differences.size() > kMost) fmt::print("and {} more\n", differences.size() - kMost);
  return differences.empty() ? 0 : 1;
}

// Rows that were there before the load, or that no session changes.
bool is_base(const Row& row) { return !made_by(row.marker, "") || made_by(row.marker, "hot."); }

Knowledge read_all(const Spec& spec, db::Connection& connection, std::vector<std::string>& doubles) {
  return read_rows(spec, connection, [](const Row&) { return true; }, doubles);
}

Knowledge read_base(const Spec& spec, db::Connection& connection) {
  std::vector<std::string> doubles;
  return read_rows(spec, connection, is_base, doubles);
}

void make_hot_rows(const Spec& spec, db::Connection& connection) {
  const Knowledge base = read_base(spec, connection);
  for (int i = 0; i < spec.hot.rows; ++i) {
    const std::string marker = fmt::format("hot.0.{}@load", i);
    if (!base.of(spec.hot.pool).find(marker)) connection.exec(spec.hot.make, {marker});
  }
}

struct State {
  std::string name;
  Knowledge ours, base;
  long next = 1, added = 0, taken = 0, unknown = 0;
};

State read_state(const std::string& file) {
  const json j = read_json(file);
  return {j["name"], from_json(j["ours"]), from_json(j["base"]), j["next"], j["added"], j["taken"], j["unknown"]};
}

void write_state(const std::string& file, const Spec& spec, const State& s) {
  write(file, json{{"name", s.name}, {"next", s.next}, {"added", s.added}, {"taken", s.taken}, {"unknown", s.unknown},
                   {"ours", to_json(spec, s.ours)}, {"base", to_json(spec, s.base)}}
                  .dump());
}

std::vector<std::string> compare(const Spec& spec, const State& state, const Knowledge& found) {
  auto all = differences(spec, state.ours, found, state.name + ".");
  for (const std::string& text : differences(spec, state.base, found, "hot.")) all.push_back(text);
  return all;
}

int check(const Options& options) {
  const Spec spec = read_spec(options.spec);
  const auto connection = connect(options.settings);
  std::vector<std::string> all;
  const Knowledge found = read_all(spec, *connection, all);
  long counted = 0, unknown = 0;
  for (const std::string& file : options.states) {
    const State state = read_state(file);
    for (const std::string& text : compare(spec, state, found)) all.push_back(text);
    counted += state.added - state.taken;
    unknown += state.unknown;
  }
  const long there = spec.hot.rows ? std::stol(connection->exec(spec.hot.sum).only().value_or("0")) : 0;
  if (std::abs(there - counted) > unknown) all.push_back(fmt::format("hot rows say {} instead of {}", there, counted));
  return print(all);
}

// Where it goes on: from the file of an earlier load, when that is there.
State begin(const Spec& spec, const Options& options) {
  const auto connection = connect(options.settings);
  State state{options.settings.name, {}, {}};
  const bool goes_on = !options.states.empty() && std::filesystem::exists(options.states[0]);
  if (goes_on) state = read_state(options.states[0]);
  if (!goes_on && spec.hot.rows) make_hot_rows(spec, *connection);
  if (!goes_on) state.base = read_base(spec, *connection);
  std::vector<std::string> all;
  const Knowledge found = read_all(spec, *connection, all);
  for (const std::string& text : compare(spec, state, found)) all.push_back(text);
  if (print(all)) throw std::runtime_error("the database is not as the state has it");
  state.ours.learn_keys(found);
  state.base.learn_keys(found);
  return state;
}

Knowledge part(const Spec& spec, const Knowledge& all, const std::string& prefix) {
  Knowledge part;
  for (const Pool& pool : spec.pools) {
    for (const Row& row : all.of(pool.name).all()) {
      if (made_by(row.marker, prefix)) part.put(pool.name, row);
    }
  }
  return part;
}

void read_stage(const Options& options, Report& report) {
  report.enter(options.stage_file.empty() ? "all" : line_of(options.stage_file));
}

// Until a signal or the file says enough.
void wait(const Options& options, Report& report) {
  while (!signalled && (options.until.empty() || !std::filesystem::exists(options.until))) {
    read_stage(options, report);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

// States of sessions are replaced by what these know now; those of sessions that did not run stay.
void collect(const Spec& spec, State& state, const std::list<Session>& sessions) {
  Knowledge all;
  for (const Pool& pool : spec.pools) {
    for (const Row& row : state.ours.of(pool.name).all()) {
      const bool ran = std::ranges::any_of(sessions, [&](const Session& s) { return made_by(row.marker, s.prefix()); });
      if (!ran) all.put(pool.name, row);
    }
  }
  for (const Session& session : sessions) all.add(session.own());
  state.ours = all;
}

int run(const Options& options) {
  const Spec spec = read_spec(options.spec);
  State state = begin(spec, options);
  Shared shared;
  shared.next = state.next;
  read_stage(options, shared.report);
  std::list<Session> sessions;
  std::vector<std::thread> threads;
  for (int i = 0; i < options.settings.sessions; ++i) {
    const Knowledge own = part(spec, state.ours, fmt::format("{}.{}.", state.name, i));
    sessions.emplace_back(spec, options.settings, i, shared, own, state.base);
    threads.emplace_back(&Session::run, &sessions.back());
  }
  wait(options, shared.report);
  shared.stop = true;
  for (std::thread& thread : threads) thread.join();

  collect(spec, state, sessions);
  state.next = shared.next;
  state.added += shared.added;
  state.taken += shared.taken;
  state.unknown += shared.unknown;
  if (!options.states.empty()) write_state(options.states[0], spec, state);
  const auto report = shared.report.to_json();
  if (!options.report.empty()) write(options.report, report.dump(1) + "\n");
  std::vector<std::string> all = report["wrong"];
  for (const auto& failure : report["failed"]) {
    if (failure["early"]) all.push_back("failed before its time: " + failure.dump());
  }
  return print(all);
}

int print_tables(const std::vector<std::string>& files) {
  std::vector<json> reports;
  for (const std::string& file : files) reports.push_back(read_json(file));
  print_table(reports);
  return 0;
}

void parse(int argc, char** argv, Options& o) {
  CLI::App app("Writes a database in many sessions and proves afterwards that all is there");
  app.add_option("--spec", o.spec, "what it writes: a file like workflow.yaml")->check(CLI::ExistingFile);
  app.add_option("--database", o.settings.database, "its address; else DATABASE_URL, else PGHOST and the like");
  app.add_option("--schema", o.settings.schema, "search_path of the sessions");
  app.add_option("--name", o.settings.name, "parts loads that run at the same time")->default_str("app");
  app.add_option("--sessions", o.settings.sessions)->capture_default_str();
  app.add_option("--rate", o.settings.rate, "statements a second; 0: as fast as it goes")->capture_default_str();
  app.add_flag("--prepared", o.settings.prepared, "keep named statements in the sessions, as drivers do");
  app.add_option("--shape", o.settings.shape, "keys it writes: old, new, or follow what the catalog says")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Shape>{
          {"old", Shape::old_keys}, {"new", Shape::new_keys}, {"follow", Shape::follow}}));
  app.add_option("--report", o.report, "JSON of what it measured");
  app.add_option("--state", o.states, "what it knows: read where there, written at the end; several with --check");
  app.add_option("--until", o.until, "ends when this file is there, or on SIGTERM or SIGINT");
  app.add_option("--stage-file", o.stage_file, "its first line names the stage that figures go to");
  app.add_option("--table", o.tables, "prints reports as one table, and does nothing else");
  app.add_flag("--check", o.check, "compares the database with what loads left in their states, and writes nothing");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) ? 2 : 0);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  Options options;
  options.settings.name = "app";
  parse(argc, argv, options);
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { signalled = true; });
  if (!options.tables.empty()) return print_tables(options.tables);
  return options.check ? check(options) : run(options);
} catch (const std::exception& error) {
  fmt::print(stderr, "load: {}\n", error.what());
  return 1;
}
