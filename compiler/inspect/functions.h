// Functions in language sql whose bodies are text: the server can be asked whether it still understands them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "runtime/db/connection.h"

namespace rekey::inspect {

struct BrokenFunction {
  std::string name, definition, message;  // public.f(integer); what makes it; what the server says
  bool procedure = false;
};

// Made before the keys change, asked afterwards. Bodies are read as a session does that starts with
// `search_path`, as pg_settings has it.
class FunctionCheck {
 public:
  FunctionCheck(db::Connection& copy, std::string search_path);
  std::vector<BrokenFunction> broken_since();
  std::size_t asked() const { return asked_; }

 private:
  std::vector<BrokenFunction> broken();

  db::Connection& copy_;
  std::string search_path_;
  std::set<std::string> before_;
  std::size_t read_ = 0, asked_ = 0;
};

}  // namespace rekey::inspect
