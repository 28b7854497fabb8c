#include "runtime/backfills.h"

#include <fmt/format.h>

#include "runtime/text.h"

namespace rekey {

bool has_backfills(db::Connection& session) {
  return session.exec("SELECT FROM pg_tables WHERE (schemaname, tablename) = ('rekey', 'backfills')").rows.size() == 1;
}

std::vector<Backfill> running_backfills(db::Connection& session) {
  std::vector<Backfill> out;
  if (!has_backfills(session)) return out;
  for (const db::Row& row : session.exec(R"(
SELECT f.step, coalesce(waits_for, ''), swept + coalesce(sum(b.rows), 0),
       coalesce(sum(high - low) FILTER (WHERE b.rows IS NOT NULL), 0)::float / greatest(end_block, 1)
FROM rekey.backfills f JOIN rekey.steps s USING (step) LEFT JOIN rekey.batches b USING (step)
WHERE s.state IN ('running', 'undoing') GROUP BY f.step, s.position ORDER BY s.position)").rows) {
    out.push_back({row[0].value(), row[1].value(), std::stoll(row[2].value()), std::stod(row[3].value())});
  }
  return out;
}

std::string to_text(const Backfill& b) {
  return fmt::format("{} filled, {:.0f} % of the table{}", counted(b.rows, "row"), 100 * b.share,
                     b.waits_for.empty() ? "" : "; waits for " + b.waits_for);
}

std::optional<Filled> filled_by(db::Connection& session, const std::string& step) {
  const db::Rows found = session.exec(R"(
SELECT swept + coalesce((SELECT sum(rows) FROM rekey.batches b WHERE b.step = f.step), 0), bytes_before, bytes_after
FROM rekey.backfills f WHERE step = $1 AND bytes_after IS NOT NULL)", {step});
  if (found.rows.empty()) return std::nullopt;
  const db::Row& row = found.rows[0];
  return Filled{std::stoll(row[0].value()), std::stoll(row[1].value()), std::stoll(row[2].value())};
}

}  // namespace rekey
