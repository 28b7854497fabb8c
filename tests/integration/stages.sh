#!/usr/bin/env bash
# Keys that change in stages, and keys of some rows alone: what is written between stages, what stops one, psql alone.
. "$(dirname "$0")/lib.sh"
case=$REKEY_SOURCE/tests/fixtures/features/stages

drafted() {  # DATABASE
  database "$1"
  sed '/^-- written after apply$/,$d' "$case.sql" | sql >"$work/output" 2>&1
  name_not_nulls --decisions "$case.yaml"
  remember before
  exits 0 "$REKEYC" inspect --decisions "$case.yaml" -o "$work/plan.yaml"
  rm -rf "$work/bundle"
  compile "$work/plan.yaml" "$work/bundle"
}

changed() { equal "rows that have their new key" "$1" "$(sql -c 'SELECT count(*) FROM documents WHERE id = md5(sha)::uuid')"; }

begin 'rows written between stages, stages taken back by their numbers, and all the way back'
drafted between
apply "$work/bundle" --to 'documents: stage 1 of 3'
changed 4  # one had it before
verify "$work/bundle"
proves "SELECT count(*) = 0 FROM pg_trigger WHERE tgname = 'rekey_fence'"
proves "SELECT count(*) = 21 FROM sizes JOIN documents USING (id)"
# The newest of all is written now: it belongs to the last stage.
sql -c "INSERT INTO documents (id, sha, at) VALUES (md5('b1')::uuid, 'between', '2030-01-01')" \
  -c "INSERT INTO documents (id, sha, at, copy_of) SELECT md5('right')::uuid, 'right', '2031-01-01', id FROM documents WHERE sha = 'sha19'" \
  -c "INSERT INTO chunks SELECT id, 5 FROM documents WHERE sha IN ('between', 'sha19', 'sha7')" \
  -c "DELETE FROM jobs USING documents d WHERE about = d.id AND sha = 'sha18'"
new=$(sql -c "SELECT id FROM documents WHERE sha = 'sha19'")
apply "$work/bundle" --to 018
apply "$work/bundle" --to 019
changed 10
verify "$work/bundle"
old=$(sql -c "SELECT md5('d19')::uuid")
for key in "$old" "$new"; do
  exits 0 "$REKEY" lookup documents "$key" --json
  says "\"old_key\": \"$old\"" "\"new_key\": \"$new\""
done
rollback "$work/bundle" --to 'documents: stage 1 of 3'
changed 5
apply "$work/bundle"
changed 19
equal 'what stage the row written between belongs to' 'public.documents.id: stage 3' "$(sql -c "SELECT domain FROM rekey.pairs WHERE old_key = md5('b1')::uuid")"
verify "$work/bundle"
rollback "$work/bundle" --to 018
changed 5
proves "SELECT count(*) = 1 FROM chunks JOIN documents d ON d.id = document_id WHERE n = 5 AND sha = 'between' AND d.id = md5('b1')::uuid"
rollback "$work/bundle"
schema_as before
proves "SELECT count(*) = 17 FROM were JOIN documents USING (id, sha, touched)"
proves "SELECT copy_of = md5('d19')::uuid FROM documents WHERE sha = 'right'"
ok

begin 'a check that fails stops it: the stages before it stand, and it goes on or back from there'
drafted checked
sed 's/name: documents$/name: documents\n    checks: [{name: the fourteenth stays, query: SELECT sha FROM public.documents WHERE id = md5('"'sha14'"')::uuid}]/' "$work/plan.yaml" >"$work/checked.yaml"
compile "$work/checked.yaml" "$work/checked"
exits 1 "$REKEY" apply "$work/checked" --yes
says 'the fourteenth stays: finds (sha14)' 'phase 019 documents: stage 2 of 3 is applied, and does not verify' '--to 018 --yes'
proves "SELECT string_agg(phase, ' ' ORDER BY phase) = '010 018 019' AND bool_and(state = 'applied') FROM rekey.phases"
changed 9
rollback "$work/checked" --to 018
changed 4
exits 1 "$REKEY" apply "$work/checked" --yes
rollback "$work/checked"
exactly_as before
ok

begin 'psql alone, there and back'
drafted alone
export PGOPTIONS='-c rekey.list_limit=2'  # pairs are looked up one by one
for folder in "$work"/bundle/*/; do exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$folder/up.sql"; done
verify "$work/bundle"
changed 17
for folder in $(cd "$work/bundle" && ls -d */ | sort -r); do exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/bundle/$folder/down.sql"; done
unset PGOPTIONS
exactly_as before
ok

begin 'a new key that another row has stops the stage before anything in it has changed, by psql alone too'
drafted taken
sql -c "INSERT INTO documents (id, at) VALUES (md5('sha2')::uuid, '2020-01-01')"
exits 3 "$REKEY" apply "$work/bundle" --yes
says 'which is the key of another row' 'nothing has been changed'
exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/010*/up.sql
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/018*/up.sql
says 'would get' 'which is the key of another row' 'This step has changed nothing'
changed 1
rollback "$work/bundle"
ok

begin 'a foreign key that the plan does not know stops the stage'
drafted unknown
exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/010*/up.sql
sql -c "CREATE TABLE late (document_id uuid REFERENCES documents)" -c "INSERT INTO late SELECT id FROM documents"
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/018*/up.sql
says 'foreign key late_document_id_fkey of public.late: 3 rows refer to none'
sql -c 'DROP TABLE late'
rollback "$work/bundle"
exactly_as before
ok

begin 'an old key that was given again stops the way back before it changes anything'
drafted again
apply "$work/bundle" --to 018
sql -c "INSERT INTO documents (id, at) VALUES (md5('d19')::uuid, '2020-01-01')"
exits 1 "$REKEY" rollback "$work/bundle" --yes
says "$(sql -c "SELECT md5('d19')::uuid")" 'is the old key of another row'
sql -c "DELETE FROM documents WHERE at = '2020-01-01'"
rollback "$work/bundle"
exactly_as before
ok

begin 'a rehearsal'
if can_dump; then
  drafted rehearsed
  exits 0 "$REKEY" rehearse "$work/bundle" --full
  ok
fi

begin 'killed again and again, on both ways'
drafted killed
interrupted apply "SELECT to_regclass('rekey.phases') IS NOT NULL"
interrupted apply "SELECT count(*) = 6 FROM rekey.phases WHERE state = 'applied'"
verify "$work/bundle"
interrupted rollback "SELECT to_regclass('rekey.phases') IS NULL"
exactly_as before
ok

begin 'only some rows, by psql alone; a kept key that another row would get is named'
case=$REKEY_SOURCE/tests/fixtures/features/some_rows_of_uuids
drafted some
for folder in "$work"/bundle/*/; do exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$folder/up.sql"; done
verify "$work/bundle"
for folder in $(cd "$work/bundle" && ls -d */ | sort -r); do exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work/bundle/$folder/down.sql"; done
exactly_as before
sql -c "INSERT INTO tags VALUES (md5('c')::uuid, 'a kept one')" -c "UPDATE tags SET name = 'A' WHERE name = 'a kept one'"
remember before
exits 3 "$REKEY" apply "$work/bundle" --yes
says "public.tags: the row with id = $(sql -c "SELECT md5('tagc')::uuid") would get $(sql -c "SELECT md5('c')::uuid"), which is the key of another row" 'nothing has been changed'
exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$work"/bundle/010*/up.sql
folder=$(grep -l 'tags.keys' "$work"/bundle/*/up.sql)
for each in "$work"/bundle/0[2-9]*/up.sql; do
  [[ $each != "$folder" ]] || break
  exits 0 psql -XqAt -v ON_ERROR_STOP=1 -f "$each"
done
exits 3 psql -XqAt -v ON_ERROR_STOP=1 -f "$folder"
says 'which is the key of another row'
rollback "$work/bundle"
exactly_as before
ok
