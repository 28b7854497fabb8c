// Definitions over one small schema and what they do with its keys: tests/fixtures/key_use, where
// each stands with its result below it. Tests of tests/integration create them on a server.
#pragma once

#include <string>
#include <vector>

#include "compiler/lint/key_use.h"

namespace rekey::lint {

struct KeyUseCase {
  std::string definition;  // as PostgreSQL 15 prints it
  std::string printed;
  // uuid is accepted: in spite of its problems the definition can be created, but means something
  // else or cannot be followed.
  bool accepted;
};

struct KeyUseFile {
  std::string path;
  std::vector<KeyUseCase> cases;
};

std::vector<KeyUseFile> key_use_files();
const KeyColumns& key_use_columns();
std::string key_use_schema(bool uuid);
// Literals, edits, problems and outputs, a line each.
std::string print(const KeyUse& use, const std::string& definition);
std::string print(const KeyUseFile& file);

}  // namespace rekey::lint
