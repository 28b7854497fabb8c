// A database with the sample's tables and the sample's bundle, and rekey on both.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/runtime/sample_bundle.h"
#include "tests/runtime/server.h"

namespace rekey::test {

class Trip : public ::testing::Test {
 protected:
  Trip() {
    database.run(kSampleSchema);
    write(sample());
  }
  void write(const Sample& s) { write_bundle(s, bundle); }
  std::vector<std::string> line(const std::string& command,
                                const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {command, bundle, "--database", database.url()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  Result run(const std::string& command, const std::vector<std::string>& more = {}) const {
    return rekey(line(command, more));
  }
  Process start(const std::string& command, const std::vector<std::string>& more = {}) const {
    return start_rekey(line(command, more));
  }
  // Until the query gives something; fails the test after a minute.
  void wait_until(const std::string& query) const {
    for (int i = 0; i < 1200; ++i) {
      try {
        if (!database.query(query).empty()) return;
      } catch (const db::Error&) {
        // No schema rekey yet, or no server.
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    FAIL() << "never true: " << query;
  }
  // With the places of this run taken out.
  std::string plain(std::string text) const {
    for (const auto& [what, with] : std::vector<std::pair<std::string, std::string>>{
             {bundle, "BUNDLE"}, {server().folder().string(), "SERVER"}}) {
      for (std::size_t at; (at = text.find(what)) != std::string::npos;)
        text.replace(at, what.size(), with);
    }
    const std::string name = database.query("SELECT current_database()");
    for (std::size_t at; (at = text.find(name.substr(0, name.size() - 1))) != std::string::npos;) {
      text.replace(at, name.size() - 1, "DB");
    }
    return settled(text);
  }

  Database database;
  Folder folder;
  const std::string bundle = (folder.path() / "bundle").string();
};

}  // namespace rekey::test
