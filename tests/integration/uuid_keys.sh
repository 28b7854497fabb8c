#!/usr/bin/env bash
# Keys that are UUIDs already, beyond the trip that features makes: who asks for them, psql alone, kills.
. "$(dirname "$0")/lib.sh"
case=$REKEY_SOURCE/tests/fixtures/features/uuid_keys

draft() {
  database uuids
  sed '/^-- written after apply$/,$d' "$case.sql" | sql >"$work/output" 2>&1
  name_not_nulls --decisions "$case.yaml"
  remember before
  exits 0 "$REKEYC" inspect --decisions "$case.yaml" -o "$work/plan.yaml"
  rm -rf "$work/bundle"
  compile "$work/plan.yaml" "$work/bundle"
}

begin 'either key leads to the other, and all pairs are written out'
draft
apply "$work/bundle"
old=$(sql -c "SELECT id FROM were ORDER BY id LIMIT 1")
new=$(sql -c "SELECT new_key FROM rekey.uuid_mapping WHERE table_name = 'public.documents' AND old_key = '$old'")
for key in "$old" "$new"; do
  exits 0 "$REKEY" lookup documents "$key" --json
  says "\"old_key\": \"$old\"" "\"new_key\": \"$new\"" '"row_exists": true'
done
sql -c "INSERT INTO documents (id, user_id, file_sha256) SELECT '00000000-0000-4000-8000-000000000001', id, 'new' FROM users LIMIT 1"
exits 0 "$REKEY" lookup documents 00000000-0000-4000-8000-000000000001
says 'written after the change: has no old key' 'the row exists'
exits 2 "$REKEY" lookup documents 7
says '"7" is no key: a UUID, the old one or the new one'
exits 0 "$REKEY" mapping --table documents
equal 'rows of the mapping' 7 "$(wc -l <"$work/output")"
says "public.documents,id,$old,$new"
exits 0 "$REKEY" mapping
equal 'rows of the whole mapping' $((1 + 6 + 3 + 2 + 12)) "$(wc -l <"$work/output")"
ok

begin 'psql alone, there and back, with rows looked up one by one'
draft
export PGOPTIONS='-c rekey.list_limit=2'
for folder in "$work"/bundle/*/; do exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$folder/up.sql"; done
verify "$work/bundle"
for folder in $(cd "$work/bundle" && ls -d */ | sort -r); do
  exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/bundle/$folder/down.sql"
done
unset PGOPTIONS
exactly_as before
ok

begin 'what psql alone is told of rows with one name'
draft
sql -c 'ALTER TABLE documents DROP CONSTRAINT documents_user_id_file_sha256_key' -c "UPDATE documents SET file_sha256 = 'ab'"
exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/010*/up.sql
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/020*/up.sql
says '3 rows with the name of another, such as id = '
ok

begin 'a rehearsal'
if can_dump; then
  draft
  exits 0 "$REKEY" rehearse "$work/bundle" --full
  ok
fi

begin 'killed again and again, on both ways'
draft
interrupted apply "SELECT to_regclass('rekey.phases') IS NOT NULL"
interrupted apply "SELECT count(*) = 3 FROM rekey.phases WHERE state = 'applied'"
verify "$work/bundle"
interrupted rollback "SELECT to_regclass('rekey.phases') IS NULL"
exactly_as before
ok
