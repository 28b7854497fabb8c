// A table whose rows a key column parts: ALTER TABLE cannot change that column. Its rows are put by with their new
// keys, it and all that is partitioned below it are dropped and created again around the partitions that hold
// rows, which stay, and the rows go in from the top.
#pragma once

#include "compiler/lower/offline_phase.h"

namespace rekey::lower {

// Completes the step that does it; its data holds the changes of the columns already.
void make_anew(const OfflinePhase& context, model::TableId t, Step& step);

}  // namespace rekey::lower
