#!/usr/bin/env bash
# PostgreSQL's own text of some objects is no fixed point: made from it, they read otherwise. What such a
# database is after the way back is what it is after a plain dump and restore, and every such object is
# named: when the plan is checked, in REVIEW.md and by verify. A second trip is no drift.
. "$(dirname "$0")/lib.sh"
needs_pg_dump

begin 'a dump is no fixed point'
database fixed
sql <<'SQL'
CREATE TABLE parents (id serial PRIMARY KEY);
CREATE TABLE things (
  id serial PRIMARY KEY, parent_id integer REFERENCES parents, kind varchar(10), note text, size integer,
  CONSTRAINT known CHECK (id IS NOT NULL AND kind IN ('a', 'b, (''c'')]')),
  CONSTRAINT sizes CHECK (id IS NOT NULL AND size::bigint = ANY ((ARRAY[1, 2])::bigint[])),
  CONSTRAINT plain CHECK (id IS NOT NULL AND note IN ('a', 'b')));
CREATE INDEX things_of_kind ON things (parent_id) WHERE kind IN ('a', 'b');
CREATE UNIQUE INDEX one_a_parent ON things (COALESCE(parent_id, -1)) WHERE kind IN ('a', 'b');
CREATE VIEW kinds AS SELECT id FROM things WHERE kind IN ('a', 'b') AND parent_id <> -1;
CREATE POLICY known ON things USING (id <> 0 AND kind IN ('a', 'b'));
CREATE RULE known AS ON DELETE TO things WHERE OLD.id = 0 OR OLD.kind IN ('a', 'b') DO INSTEAD NOTHING;
CREATE TRIGGER known BEFORE UPDATE ON things FOR EACH ROW
  WHEN (NEW.id <> OLD.id AND NEW.kind IN ('a', 'b')) EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE MATERIALIZED VIEW counted AS SELECT parent_id, count(*) FROM things WHERE kind IN ('a', 'b') GROUP BY 1;
CREATE INDEX ON counted (count) WHERE parent_id IS NOT NULL;
INSERT INTO parents DEFAULT VALUES;
INSERT INTO things (parent_id, kind, note, size) VALUES (1, 'a', 'a', 1);
SQL
remember original
PGDATABASE=postgres sql -c 'CREATE DATABASE restored'
pg_dump | PGDATABASE=restored sql >"$work/output"
PGDATABASE=restored remember restored
! diff "$work/original.schema" "$work/restored.schema" >"$work/output" || fail 'the dump is a fixed point'
ok

objects=('check known on public.things' 'index things_of_kind on public.things'
  'index public.one_a_parent on public.things' 'view public.kinds' 'policy known on public.things'
  'rule known on public.things' 'trigger known on public.things' 'materialized view public.counted')

begin 'what reads otherwise is named'
exits 0 "$REKEYC" inspect -o "$work/fixed.yaml"
exits 0 "$REKEYC" check "$work/fixed.yaml"
for object in "${objects[@]}"; do says "note: PostgreSQL writes $object otherwise"; done
says_not 'check plain'
says_not 'check sizes'
compile "$work/fixed.yaml" "$work/bundle"
for object in "${objects[@]}"; do grep -qF "writes $object otherwise" "$work/bundle/REVIEW.md"; done
apply "$work/bundle"
verify "$work/bundle"
for object in "${objects[@]}"; do says "$object: made from its own definition"; done
ok

begin 'after the way back it is a dump and restore of the original, and stays so'
rollback "$work/bundle"
schema_as restored
rows_kept_since original
apply "$work/bundle"
verify "$work/bundle"
rollback "$work/bundle"
exactly_as restored
ok

begin 'another definition is drift all the same'
sql -c "ALTER TABLE things DROP CONSTRAINT known, ADD CONSTRAINT known CHECK (id IS NOT NULL AND kind IN ('a', 'c'))"
exits 3 "$REKEY" apply "$work/bundle" --yes
says 'check known on public.things is not what the plan says'
ok
