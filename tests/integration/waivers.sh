#!/usr/bin/env bash
# Findings that people have judged, up to a day: what apply and rehearse say before it and after it.
. "$(dirname "$0")/lib.sh"

day() { sql -c "SELECT (now() AT TIME ZONE 'UTC')::date + ($1)"; }

# Two tables that are rewritten in two phases, which is all right up to a day: DAYS FROM NOW
drafted() {
  cat >"$work/plan.yaml" <<PLAN
version: 1
name: shop
tables:
  public.a: {primary_key: id, columns: {id: {type: integer, sequence: public.a_id_seq}}}
  public.b:
    primary_key: id
    columns: {id: {type: integer, sequence: public.b_id_seq}, a_id: integer}
    foreign_keys: {b_a_id_fkey: {columns: a_id, references: public.a}}
phases:
  - {name: foundation, kind: foundation}
  - {name: one, tables: [public.a]}
  - {name: two, tables: [public.b]}
waivers:
  - {finding: rewritten-again, at: one, reason: the tables are small, until: $(day "$1")}
PLAN
  compile "$work/plan.yaml" "$work/bundle"
}

fresh() {
  database "$1"
  sql -c 'CREATE TABLE a (id serial PRIMARY KEY)' -c 'CREATE TABLE b (id serial PRIMARY KEY, a_id integer REFERENCES a)' \
    -c 'INSERT INTO a DEFAULT VALUES' -c 'INSERT INTO b (a_id) SELECT id FROM a'
  remember before
}

begin 'a waived finding is a note with its reason, and no note of apply'
fresh waived
drafted 100
says "waived until $(day 100): the tables are small" 'note: 1 table is rewritten in more than one phase'
apply "$work/bundle"
says_not 'rewritten'
says_not 'waiver'
rollback "$work/bundle"
exactly_as before
ok

begin 'two weeks ahead apply says so, on the last day too'
drafted 14
apply "$work/bundle" --to foundation
says 'note: the waiver of rewritten-again of one (the tables are small) ends in 14' "on $(day 14)"
rollback "$work/bundle"
drafted 0
apply "$work/bundle" --to one
says 'ends today'
ok

begin 'after the day no phase begins, one in its middle goes on, and the way back is open'
rollback "$work/bundle"
exactly_as before
drafted -1
exits 3 "$REKEY" apply "$work/bundle" --yes
says 'nothing has been changed' "the waiver of rewritten-again of one (the tables are small) ended on $(day -1)"
proves "SELECT to_regnamespace('rekey') IS NULL"
exits 3 "$REKEY" apply "$work/bundle" --dry-run
for phase in 010-foundation 020-one; do exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/bundle/$phase/up.sql"; done
exits 3 "$REKEY" apply "$work/bundle" --yes
# As if killed in the middle of it.
sed '/^-- step 030.b.rewrite/,$d' "$work/bundle/030-two/up.sql" >"$work/half.sql"
exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/half.sql"
apply "$work/bundle"
verify "$work/bundle"
rollback "$work/bundle"
exactly_as before
ok

begin 'a rehearsal is refused after the day'
if can_dump; then
  exits 3 "$REKEY" rehearse "$work/bundle"
  says 'ended on' 'write another day'
  drafted 3
  exits 0 "$REKEY" rehearse "$work/bundle"
  says 'ends in 3'
  ok
fi
