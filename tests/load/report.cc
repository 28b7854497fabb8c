#include "tests/load/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace rekey::load {

using nlohmann::ordered_json;

namespace {

using Seconds = std::chrono::duration<double>;

// {"42883": 7} as "7 x 42883".
std::string in_words(const nlohmann::json& counts) {
  std::string words;
  for (const auto& [state, count] : counts.items()) {
    words += fmt::format("{}{} x {}", words.empty() ? "" : ", ", count.get<int>(), state);
  }
  return words;
}

std::string in_ms(const nlohmann::json& value) { return value.is_null() ? "-" : fmt::format("{:.1f}", value.get<double>()); }

double rounded(double value) { return std::round(value * 1000) / 1000; }

}  // namespace

void Report::enter(const std::string& stage) {
  const std::scoped_lock lock(mutex_);
  if (stages_.back().first.empty()) stages_.pop_back();
  if (stages_.empty() || stages_.back().first != stage) stages_.emplace_back(stage, Clock::now());
}

int Report::stage() const {
  const std::scoped_lock lock(mutex_);
  return static_cast<int>(stages_.size()) - 1;
}

void Report::done(int stage, Clock::time_point from) {
  const auto now = Clock::now();
  const std::scoped_lock lock(mutex_);
  samples_.push_back({stage, static_cast<int>(Seconds(now - begin_).count()),
                      std::chrono::duration<float, std::milli>(now - from).count()});
}

void Report::retried(int stage, const std::string& state) {
  const std::scoped_lock lock(mutex_);
  ++retries_[{stage, state}];
}

void Report::failed(int stage, Clock::time_point from, const std::string& statement, const std::string& state,
                    const std::string& message, bool early) {
  const auto now = Clock::now();
  const std::scoped_lock lock(mutex_);
  Failure& failure = failures_[{stage, statement, state}];
  ++failure.count;
  failure.longest_ms = std::max(failure.longest_ms, std::chrono::duration<float, std::milli>(now - from).count());
  ++failed_seconds_[static_cast<int>(Seconds(now - begin_).count())];
  if (failure.message.empty() || (early && !failure.early)) failure.message = message;
  failure.early |= early;
}

void Report::wrong(const std::string& difference) {
  const std::scoped_lock lock(mutex_);
  wrong_.push_back((stages_.back().first.empty() ? "" : stages_.back().first + ": ") + difference);
}

bool Report::good() const {
  const std::scoped_lock lock(mutex_);
  return wrong_.empty() && std::ranges::none_of(failures_, [](const auto& f) { return f.second.early; });
}

ordered_json Report::quantiles(std::vector<float> ms) const {
  std::ranges::sort(ms);
  const auto at = [&](double part) {
    return ms.empty() ? ordered_json() : ordered_json(rounded(ms[static_cast<std::size_t>(part * (ms.size() - 1))]));
  };
  return {{"statements", ms.size()}, {"p50", at(0.5)}, {"p95", at(0.95)}, {"p99", at(0.99)}, {"max", at(1)}};
}

ordered_json Report::of_stage(int stage) const {
  std::vector<float> ms;
  for (const Sample& sample : samples_) {
    if (sample.stage == stage) ms.push_back(sample.ms);
  }
  const auto next = static_cast<std::size_t>(stage) + 1;
  const auto end = next < stages_.size() ? stages_[next].second : Clock::now();
  ordered_json json{{"stage", stages_[stage].first},
                    {"seconds", rounded(Seconds(end - stages_[stage].second).count())}};
  json.update(quantiles(std::move(ms)));
  json["failures"] = ordered_json::object();
  json["retries"] = ordered_json::object();
  float longest = 0;
  for (const auto& [key, failure] : failures_) {
    const auto& [in, statement, state] = key;
    if (in != stage) continue;
    json["failures"][state] = json["failures"].value(state, 0) + failure.count;
    longest = std::max(longest, failure.longest_ms);
  }
  json["longest_failure"] = rounded(longest);
  for (const auto& [key, count] : retries_) {
    if (key.first == stage) json["retries"][key.second] = count;
  }
  return json;
}

ordered_json Report::to_json() const {
  const std::scoped_lock lock(mutex_);
  ordered_json stages = ordered_json::array(), seconds = stages, failed = stages;
  for (std::size_t i = 0; i < stages_.size(); ++i) stages.push_back(of_stage(static_cast<int>(i)));
  std::map<int, std::vector<float>> by_second;
  for (const Sample& sample : samples_) by_second[sample.second].push_back(sample.ms);
  for (const auto& [second, count] : failed_seconds_) by_second[second];
  for (const auto& [second, ms] : by_second) {
    ordered_json line{{"second", second}};
    line.update(quantiles(ms));
    line["failures"] = failed_seconds_.contains(second) ? failed_seconds_.at(second) : 0;
    seconds.push_back(line);
  }
  for (const auto& [key, failure] : failures_) {
    const auto& [stage, statement, state] = key;
    failed.push_back({{"stage", stages_[stage].first},
                      {"statement", statement},
                      {"sqlstate", state},
                      {"count", failure.count},
                      {"early", failure.early},
                      {"message", failure.message}});
  }
  return {{"wrong", wrong_}, {"stages", stages}, {"failed", failed}, {"seconds", seconds}};
}

void print_table(const std::vector<nlohmann::json>& reports) {
  fmt::print("| stage | seconds | statements | p50, ms | p95 | p99 | max | p99 of first | failures | longest | tried again |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|---|---|\n");
  double first = 0;
  for (const auto& report : reports) {
    for (const auto& stage : report["stages"]) {
      const std::string failures = in_words(stage["failures"]), retries = in_words(stage["retries"]);
      if (stage["statements"] == 0 && failures.empty()) continue;
      if (first == 0 && !stage["p99"].is_null()) first = stage["p99"];
      fmt::print("| {} | {:.1f} | {} | {} | {} | {} | {} | {} | {} | {:.0f} | {} |\n",
                 stage["stage"].get<std::string>(), stage["seconds"].get<double>(), stage["statements"].get<int>(),
                 in_ms(stage["p50"]), in_ms(stage["p95"]), in_ms(stage["p99"]), in_ms(stage["max"]),
                 stage["p99"].is_null() ? "-" : fmt::format("{:.2f}", stage["p99"].get<double>() / first), failures,
                 stage["longest_failure"].get<double>(), retries);
    }
  }
}

}  // namespace rekey::load
