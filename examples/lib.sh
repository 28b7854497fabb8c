# For the examples: what they show, and how they compare. They set root, build and keep.

heading() { printf '\n%s\n' "$1"; }

# Shows a command as one would type it, then runs it.
run() {
  printf '$ %s\n' "$1"
  eval "$1"
}

build_programs() {
  heading 'Install what is missing and build'
  run 'tests/install-packages'
  local folder
  folder=$(printf %q "$build")
  run "cmake -S . -B $folder -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null"
  run "cmake --build $folder --target rekey rekeyc"
}

dump_schema() { pg_dump --schema-only | sed -E '/^\\(un)?restrict /d'; }

# Every row of every table as text, behind its table's name, in an order that ids do not change.
dump_rows() {
  psql -XqAt -v ON_ERROR_STOP=1 <<'SQL'
SET search_path = '';
SELECT format('COPY (SELECT %L, t::text FROM %s t ORDER BY t::text COLLATE "C") TO STDOUT',
              c.oid::regclass, c.oid::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY c.oid::regclass::text COLLATE "C"
\gexec
SQL
}

compare() {
  if ! diff -u "$work/before.$1" "$work/after.$1" >"$work/$1.diff"; then
    head -n 40 "$work/$1.diff"
    echo "$1: not as before; all differences: $work/$1.diff"
    return 1
  fi
  echo "$1: identical ($(wc -l <"$work/before.$1") lines)"
}

# A folder for the files of a run, in $work: kept where the run fails, or the server is.
work_in() {  # NAME
  export PATH=$build/compiler:$build/runtime:$PATH
  work=$(mktemp -d "${TMPDIR:-/tmp}/$1.XXXXXX")
  trap finish EXIT
}

finish() {
  local code=$?
  if ((code)); then echo "failed; its files are in $work" >&2; fi
  if ((code == 0)) && [[ ! ${keep[*]} ]]; then rm -rf "$work"; fi
}

remember() {  # before or after
  dump_schema >"$work/$1.schema"
  dump_rows >"$work/$1.rows"
}

as_before() {
  remember after
  local same=1
  compare schema || same=0
  compare rows || same=0
  ((same))
}
