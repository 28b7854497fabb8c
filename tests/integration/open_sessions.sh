#!/usr/bin/env bash
# A session that stays open while keys change, there and back: PL/pgSQL functions that the plan leaves as they
# are go on in it, whatever types they were compiled with.
. "$(dirname "$0")/lib.sh"

open_session() {
  coproc SESSION { exec psql -XqAt -v ON_ERROR_STOP=1 2>&1; }
}

answers() {  # WANTED QUERY, in the open session
  local line
  printf '%s\n' "$2" >&"${SESSION[1]}"
  read -r -t 60 line <&"${SESSION[0]}" || fail "the session is gone: $2"
  equal "$2" "$1" "$line"
}

begin 'functions left as they are, in a session that stays open'
database sessions
sql <<'SQL'
CREATE TABLE users (id serial PRIMARY KEY, boss_id integer REFERENCES users, name text, label text);
CREATE FUNCTION label() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.boss_id = NEW.id THEN RAISE 'own boss'; END IF;
  NEW.label := NEW.name || ' under ' || coalesce(NEW.boss_id::text, 'nobody');
  RETURN NEW;
END $$;
CREATE TRIGGER label BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION label();
CREATE FUNCTION boss_of(who text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE boss users.boss_id%TYPE;
BEGIN
  SELECT boss_id INTO boss FROM users WHERE name = who;
  RETURN (SELECT name FROM users WHERE id = boss);
END $$;
REVOKE ALL ON FUNCTION boss_of FROM PUBLIC;
COMMENT ON FUNCTION boss_of IS 'by name';
INSERT INTO users (name) VALUES ('ann');
INSERT INTO users (boss_id, name) VALUES (1, 'bob');
SQL
cat >"$work/decisions" <<'YAML'
dependents:
  - {kind: function, name: public.label(), as_is: it works with any type}
  - {kind: function, name: public.boss_of(text), as_is: its variable follows the column}
YAML
remember before
exits 0 "$REKEYC" inspect --decisions "$work/decisions" -o "$work/plan.yaml"
compile "$work/plan.yaml" "$work/bundle"
open_session
answers 'bob under 1' "UPDATE users SET name = name WHERE name = 'bob' RETURNING label;"
answers ann "SELECT boss_of('bob');"
apply "$work/bundle"
answers t "UPDATE users SET name = name WHERE name = 'bob' RETURNING label ~ '^bob under .{36}\$';"
answers ann "SELECT boss_of('bob');"
verify "$work/bundle"
rollback "$work/bundle"
answers 'bob under 1' "UPDATE users SET name = name WHERE name = 'bob' RETURNING label;"
answers ann "SELECT boss_of('bob');"
exactly_as before
ok
