// A database for one test on the server that PG* names: made from SQL, dropped at the end.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "runtime/db/connection.h"

namespace rekey::inspect {

inline bool no_server() { return !std::getenv("PGHOST"); }

class Database {
 public:
  Database(const std::string& name, const std::string& sql) : name_("inspect_" + name) {
    drop();
    db::Connection("dbname=postgres", "test").exec("CREATE DATABASE " + name_);
    connection_ = std::make_unique<db::Connection>(uri(), "test");
    connection_->exec(sql);
  }
  ~Database() {
    connection_.reset();
    drop();
  }
  std::string uri() const { return "dbname=" + name_; }
  db::Connection& connection() { return *connection_; }

  static int major() {
    return db::Connection("dbname=postgres", "test").server_version() / 10000;
  }

 private:
  void drop() {
    db::Connection("dbname=postgres", "test").exec("DROP DATABASE IF EXISTS " + name_);
  }
  std::string name_;
  std::unique_ptr<db::Connection> connection_;
};

}  // namespace rekey::inspect
