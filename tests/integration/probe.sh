#!/usr/bin/env bash
# inspect --probe: what compiles and then fails when it is made again is found, all of it in one run, with
# the server's message; a sound schema has nothing found; the live database stays as it was.
. "$(dirname "$0")/lib.sh"
needs_pg_dump

probed() {  # CODE ARGUMENT…
  local code=$1
  shift
  exits "$code" "$REKEYC" inspect --probe "$@" -o "$work/a draft.yaml"
  cp "$work/output" "$work/probe"
}

# The line that rekeyc check has for each, whole: what, why.
refused() {
  local text
  exits 2 "$REKEYC" check "$work/a draft.yaml"
  for text; do
    grep -E '^.*: error: ' "$work/output" | grep -qF -e "$text [dependent]" || fail "not refused: $text"
  done
  equal 'number of errors' $# "$(grep -cE ': error: ' "$work/output")"
}

copy='on a copy of the schema'

begin 'five ways to fail that no catalog shows'
database five
sql <<'SQL'
CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE posts (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users, title text);
CREATE TABLE words (id serial PRIMARY KEY, word text);
CREATE FUNCTION name_of(i integer) RETURNS text LANGUAGE sql AS 'SELECT name FROM users WHERE id = i';
CREATE FUNCTION was_broken() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
ALTER TABLE posts ADD CONSTRAINT short CHECK (length(user_id::text) < 8);
CREATE VIEW sums AS SELECT sum(id) AS sum FROM users;
CREATE VIEW of_sums AS SELECT sum FROM sums;
CREATE POLICY own ON posts USING (user_id = current_setting('app.user')::integer);
CREATE VIEW fine AS SELECT p.id, u.name FROM posts p JOIN users u ON u.id = p.user_id WHERE u.id <> 7;
CREATE FUNCTION plain(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(t)';
CREATE FUNCTION folded(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN plain(t); END';
CREATE INDEX words_folded ON words (folded(word));
INSERT INTO users (name) VALUES ('Ann'), ('Bob');
SQL
cat >"$work/decisions.yaml" <<'YAML'
dependents:
  - kind: view
    name: public.sums
    replacement: CREATE VIEW public.sums AS SELECT max(id) AS sum FROM public.users;
  - kind: policy
    name: own
    table: public.posts
    replacement: CREATE POLICY own ON public.posts USING (user_id = current_setting('app.user'));
YAML
remember before
exits 0 "$REKEYC" inspect --decisions "$work/decisions.yaml" -o "$work/plain.yaml"
exits 0 "$REKEYC" check "$work/plain.yaml"
probed 1 --decisions "$work/decisions.yaml"
refused "function public.name_of(integer) cannot be carried over: $copy it fails: operator does not exist: uuid = integer" \
  "view public.sums cannot be carried over: with its replacement, $copy it fails: function max(uuid) does not exist" \
  "policy own on public.posts cannot be carried over: with its replacement, $copy it fails: operator does not exist: uuid = text" \
  "check short on public.posts cannot be carried over: $copy it fails: check constraint \"short\" of relation \"posts\" is violated by some row" \
  "object change of its keys on public.words cannot be carried over: $copy it fails: function plain(text) does not exist (PL/pgSQL function folded(text) line 1 at RETURN)"
equal 'the last line' '4 recreations and 2 functions tried, 4 failed, 1 failed in other steps, 1 not tried' \
  "$(tail -n 1 "$work/probe" | sed 's/^probe on PostgreSQL [0-9.a-z]*: //')"
exactly_as before
ok

begin 'what the probe alone finds can be decided'
cat >>"$work/decisions.yaml" <<'YAML'
  - kind: object
    name: change of its keys
    table: public.words
    as_is: the index goes in the window
YAML
sql -c 'DROP FUNCTION name_of' -c 'ALTER TABLE posts DROP CONSTRAINT short'
sed -i 's/max(id)/count(id)/; s/= current_setting(.app.user.)/&::uuid/' "$work/decisions.yaml"
probed 0 --decisions "$work/decisions.yaml"
says '0 failed, 1 decided'
exits 0 "$REKEYC" check "$work/a draft.yaml"
exits 2 "$REKEYC" inspect --decisions "$work/decisions.yaml" -o "$work/plain.yaml"
says 'object change of its keys on public.words is not in the draft' 'is found with --probe alone'
ok

begin 'an ordinary user and role, a sound schema: nothing is found, nothing is changed'
database sound
sql <<'SQL'
CREATE ROLE probe_owner LOGIN;
CREATE ROLE probe_reader;
CREATE SCHEMA "My app" AUTHORIZATION probe_owner;
SET ROLE probe_owner;
CREATE TABLE "My app".users (id serial PRIMARY KEY, name text NOT NULL, boss integer REFERENCES "My app".users);
CREATE TABLE "My app".posts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                             user_id integer NOT NULL REFERENCES "My app".users, body jsonb);
CREATE INDEX by_body ON "My app".posts (user_id, (body ->> 'a'));
ALTER TABLE "My app".posts ADD CHECK (user_id <> 7);
CREATE VIEW "My app".names AS SELECT p.id, u.name FROM "My app".posts p JOIN "My app".users u ON u.id = p.user_id;
GRANT SELECT ON "My app".names TO probe_reader;
CREATE MATERIALIZED VIEW "My app".counts AS SELECT user_id, count(*) FROM "My app".posts GROUP BY 1;
CREATE POLICY own ON "My app".posts TO probe_reader
  USING (user_id IN (SELECT id FROM "My app".users WHERE name = current_user));
CREATE FUNCTION "My app".touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE OF user_id ON "My app".posts FOR EACH ROW EXECUTE FUNCTION "My app".touch();
SQL
as_nobody() {
  if ((EUID)); then "$@"; else setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/ "$@"; fi
}
mkdir "$work/a place"
cp "$REKEYC" "$work/a place/rekeyc"
chmod 755 "$work"
chmod 777 "$work/a place"
remember before
PGUSER=probe_owner exits 0 as_nobody "$work/a place/rekeyc" inspect --probe -o "$work/a place/sound.yaml"
equal 'the last line' '5 recreations tried, 0 failed' \
  "$(tail -n 1 "$work/output" | sed 's/^probe on PostgreSQL [0-9.a-z]*: //')"
exits 0 "$REKEYC" inspect -o "$work/sound.yaml"
sed -i '/^# Tried on a copy/d' "$work/a place/sound.yaml"
same_files 'the draft' "$work/sound.yaml" "$work/a place/sound.yaml"
exactly_as before
ok

begin 'a way back that fails: the replacement makes another view than it replaces'
cat >"$work/decisions.yaml" <<'YAML'
dependents:
  - kind: view
    name: '"My app".names'
    replacement: CREATE VIEW "My app".other_names AS SELECT id FROM "My app".posts;
YAML
probed 1 --decisions "$work/decisions.yaml"
refused "view \"My app\".names cannot be carried over: with its replacement, $copy the way back fails: view \"names\" does not exist"
ok

begin 'what cannot be read is said, without the password'
sql -c 'CREATE TABLE "My app".secrets (id serial PRIMARY KEY)'  # of another owner
PGUSER=probe_owner DATABASE_URL="postgresql:///sound?password=hush4me" exits 1 "$REKEYC" inspect --probe -o "$work/none.yaml"
says 'the schema cannot be copied: ' 'permission denied for table secrets' 'or draft without --probe'
says_not hush4me
[[ ! -e $work/none.yaml ]] || fail 'a draft was written'
ok
