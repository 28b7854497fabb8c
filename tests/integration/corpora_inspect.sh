#!/usr/bin/env bash
# Four real databases: inspect reads each without error; what cannot be carried over is refused by
# name, and a database without such things makes the whole trip.
. "$(dirname "$0")/lib.sh"

corpora=$REKEY_SOURCE/../shared/corpora
load() {
  if [[ ! -f $corpora/$1.sql.gz ]]; then
    echo "skipped: $corpora/$1.sql.gz is not there"
    exit 77
  fi
  database "$1"
  zcat "$corpora/$1.sql.gz" | sql >"$work/output" 2>&1
}

# The draft NAME.yaml has each text.
drafted() {
  local name=$1 text
  shift
  for text; do grep -qF -e "$text" "$work/$name.yaml" || fail "the draft does not have: $text"; done
}

# Every object that the query names is in the draft.
nothing_hidden() {
  local name
  sql -c "SET search_path = ''" -c "$2" >"$work/names"
  [[ -s $work/names ]] || fail 'the query for dependents finds none'
  while read -r name; do drafted "$1" "$name"; done <"$work/names"
}

inspected_and_refused() {
  local name=$1
  exits 0 "$REKEYC" inspect -o "$work/$name.yaml"
  says 'to be settled first; rekeyc check lists them'
  remember before
  exits 2 "$REKEYC" compile "$work/$name.yaml" -o "$work/$name"
  [[ ! -e $work/$name ]] || fail 'a refused plan left a bundle'
  says 'cannot be carried over'
  # A finding has its place: file, line, column.
  grep -qE "^$work/$name\.yaml:[0-9]+:[0-9]+: error: " "$work/output" || fail 'findings have no place'
  exactly_as before
}

views_on_keys="
  SELECT DISTINCT n.nspname || '.' || v.relname
  FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
  JOIN pg_namespace n ON n.oid = v.relnamespace
  JOIN pg_constraint c ON c.conrelid = d.refobjid AND c.contype IN ('p', 'f') AND d.refobjsubid = ANY (c.conkey)
  JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  WHERE d.classid = 'pg_rewrite'::regclass AND v.oid <> d.refobjid AND c.contype = 'p'
    AND a.atttypid IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)"

begin 'pagila: partitions, views, a domain type'
load pagila
inspected_and_refused pagila
drafted pagila public.staff_list public.actor_info 'partitioning: RANGE (payment_date)' public.rental_by_category
nothing_hidden pagila "$views_on_keys"
ok

begin 'cratesio: triggers, a materialized view'
load cratesio
inspected_and_refused cratesio
drafted cratesio public.recent_crate_downloads 'public.touch_crate_on_version_modified()'
nothing_hidden cratesio "$views_on_keys"
ok

begin 'adventureworks: five schemas, 83 views on keys, checks'
load adventureworks
exits 0 "$REKEYC" inspect -o "$work/adventureworks.yaml"
compile "$work/adventureworks.yaml" "$work/adventureworks"
drafted adventureworks humanresources.vemployee '"CK_BillOfMaterials_BOMLevel"' sales.vstorewithaddresses
nothing_hidden adventureworks "$views_on_keys"
ok

begin 'hive_metastore: quoted upper-case names, no defaults, deferrable keys: the whole trip'
load hive_metastore
remember before
dump_foreign_keys >"$work/foreign_keys"
exits 0 "$REKEYC" inspect -o "$work/hive.yaml"
compile "$work/hive.yaml" "$work/hive"
apply "$work/hive"
verify "$work/hive"
dump_foreign_keys >"$work/foreign_keys.now"
same_files 'foreign keys' "$work/foreign_keys" "$work/foreign_keys.now"
proves "SELECT count(*) > 40 FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
        WHERE relkind = 'r' AND atttypid = 'uuid'::regtype"
rollback "$work/hive"
exactly_as before
ok
