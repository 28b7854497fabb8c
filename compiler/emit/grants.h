// The rights that applying a plan takes, as a script for psql.
#pragma once

#include <string>

#include "compiler/model/schema.h"

namespace rekey::emit {

// For `psql -v role=NAME`, as a superuser or an owner. PostgreSQL lets a table's owner alone alter it: the script
// makes the role a member of the owners, as the catalog has them when it runs.
std::string grants(const model::Model& model);

}  // namespace rekey::emit
