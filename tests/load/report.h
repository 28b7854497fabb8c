// What a load measured and what went wrong, by stage and by second.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <vector>

namespace rekey::load {

using Clock = std::chrono::steady_clock;

class Report {
 public:
  void enter(const std::string& stage);
  int stage() const;

  void done(int stage, Clock::time_point from);
  void retried(int stage, const std::string& state);
  // early: the tables had the shape that the statement is written for.
  void failed(int stage, Clock::time_point from, const std::string& statement, const std::string& state,
              const std::string& message, bool early);
  void wrong(const std::string& difference);

  bool good() const;
  nlohmann::ordered_json to_json() const;

 private:
  struct Sample {
    int stage;
    int second;
    float ms;
  };
  struct Failure {
    int count = 0;
    float longest_ms = 0;
    bool early = false;
    std::string message;
  };
  nlohmann::ordered_json quantiles(std::vector<float> ms) const;
  nlohmann::ordered_json of_stage(int stage) const;

  mutable std::mutex mutex_;
  Clock::time_point begin_ = Clock::now();
  std::vector<std::pair<std::string, Clock::time_point>> stages_{{"", begin_}};
  std::vector<Sample> samples_;
  std::map<std::tuple<int, std::string, std::string>, Failure> failures_;  // stage, statement, SQLSTATE
  std::map<std::pair<int, std::string>, int> retries_;
  std::map<int, int> failed_seconds_;
  std::vector<std::string> wrong_;
};

// As one Markdown table, a stage a line.
void print_table(const std::vector<nlohmann::json>& reports);

}  // namespace rekey::load
