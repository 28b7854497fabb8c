#!/usr/bin/env bash
# A database that nobody here designed goes from integer keys to UUIDs and comes back identical.
. "$(dirname "$0")/lib.sh"

corpus=$REKEY_SOURCE/../shared/corpora/chinook.sql.gz
if [[ ! -f $corpus ]]; then
  echo "skipped: $corpus is not there"
  exit 77
fi

# A row in every table, each tied to new ones; artist and the others give their keys by default.
write_rows() {
  sql <<'SQL'
WITH artist AS (INSERT INTO artist (name) VALUES ('New') RETURNING artist_id),
album AS (INSERT INTO album (title, artist_id) SELECT 'New', artist_id FROM artist
  RETURNING album_id),
genre AS (INSERT INTO genre (name) VALUES ('New') RETURNING genre_id),
media AS (INSERT INTO media_type (name) VALUES ('New') RETURNING media_type_id),
track AS (INSERT INTO track (name, album_id, media_type_id, genre_id, milliseconds, unit_price)
  SELECT 'New', album_id, media_type_id, genre_id, 1, 1 FROM album, media, genre
    RETURNING track_id),
list AS (INSERT INTO playlist (name) VALUES ('New') RETURNING playlist_id),
entry AS (INSERT INTO playlist_track SELECT playlist_id, track_id FROM list, track),
boss AS (INSERT INTO employee (last_name, first_name, reports_to)
  SELECT 'New', 'Boss', employee_id FROM employee WHERE reports_to IS NULL LIMIT 1
    RETURNING employee_id),
clerk AS (INSERT INTO employee (last_name, first_name, reports_to)
  SELECT 'New', 'Clerk', employee_id FROM boss RETURNING employee_id),
customer AS (INSERT INTO customer (first_name, last_name, email, support_rep_id)
  SELECT 'New', 'New', 'new@new.example', employee_id FROM clerk RETURNING customer_id),
invoice AS (INSERT INTO invoice (customer_id, invoice_date, total) SELECT customer_id, now(),
  1 FROM customer RETURNING invoice_id)
INSERT INTO invoice_line (invoice_id, track_id, unit_price, quantity)
SELECT invoice_id, track_id, 1, 1 FROM invoice, track;
SQL
}

check_written_rows() {
  proves "
    SELECT count(*) = 1 AND bool_and(l.invoice_line_id > 2240 AND t.track_id > 3503 AND c.customer_id > 59
                                     AND b.employee_id > 8 AND e.employee_id > 8)
    FROM invoice_line l JOIN track t USING (track_id) JOIN album a USING (album_id)
    JOIN artist USING (artist_id) JOIN genre g USING (genre_id) JOIN media_type m USING (media_type_id)
    JOIN playlist_track USING (track_id) JOIN playlist p USING (playlist_id)
    JOIN invoice i USING (invoice_id) JOIN customer c USING (customer_id)
    JOIN employee e ON e.employee_id = c.support_rep_id JOIN employee b ON b.employee_id = e.reports_to
    WHERE artist.name = 'New' AND g.name = 'New' AND m.name = 'New' AND p.name = 'New' AND b.first_name = 'Boss'"
}

trip() {
  local generator=$1 plan=$work/$1.yaml
  begin "chinook, $generator"
  database "chinook_$generator" chinook
  remember before
  dump_foreign_keys >"$work/foreign_keys"
  if [[ $generator == v7 ]]; then
    printf 'tables:\n  public.invoice: {generator: v7, time_column: invoice_date}\n' >"$work/decisions.yaml"
    exits 0 "$REKEYC" inspect --decisions "$work/decisions.yaml" -o "$plan"
  else
    exits 0 "$REKEYC" inspect --generate "$generator" -o "$plan"
  fi
  compile "$plan" "$work/$generator"
  exits 0 "$REKEYC" compile "$plan" -o "$work/$generator" --check
  apply "$work/$generator"
  verify "$work/$generator"
  proves "SELECT count(*) = 0 FROM pg_constraint c JOIN pg_attribute a ON attrelid = conrelid AND attnum = ANY (conkey)
          WHERE contype IN ('p', 'f') AND connamespace = 'public'::regnamespace AND atttypid <> 'uuid'::regtype"
  dump_foreign_keys >"$work/foreign_keys.now"
  same_files 'foreign keys' "$work/foreign_keys" "$work/foreign_keys.now"
  no_trace_of_fences
  write_rows
  verify "$work/$generator"
  rollback "$work/$generator"
  schema_as before
  rows_kept_since before
  equal 'number of rows' "$(($(wc -l <"$work/before.rows") + 12))" "$(wc -l <"$work/now.rows")"
  check_written_rows
  sql -c "INSERT INTO artist (name) VALUES ('After'); INSERT INTO genre (name) VALUES ('After')"
  ok
}

database chinook
zcat "$corpus" | sql >"$work/output" 2>&1
for generator in ordered keyed v4 v7; do trip "$generator"; done
