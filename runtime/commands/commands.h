// The commands, a file each. They give the exit code, or throw what outcome.h lists,
// bundle::Damaged and db::Error.
#pragma once

#include "runtime/options.h"

namespace rekey {

int apply(const Options& options);
int rollback(const Options& options);
int verify(const Options& options);
int status(const Options& options);
int lookup(const Options& options);
int mapping(const Options& options);
int pause(const Options& options);
int resume(const Options& options);
int purge(const Options& options);
int inventory_of(const Options& options);
int rehearse_bundle(const Options& options);
int sandbox(const Options& options);

}  // namespace rekey
