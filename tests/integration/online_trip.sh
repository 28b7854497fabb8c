# Shared by the scripts of online phases, which source it instead of lib.sh. A file of a database has parts, parted by
# "-- written before the swap", "-- written after it" and "-- true after rollback"; one of the same name with .yaml has
# decisions for inspect.
. "$(dirname "$0")/lib.sh"

part() {
  awk -v want="$1" '/^-- written before the swap$/ {n = 1; next}
                    /^-- written after it$/ {n = 2; next}
                    /^-- true after rollback$/ {n = 3; next}
                    n + 0 == want' "$2"
}

draft() {  # FILE
  local decisions=()
  [[ ! -f ${1%.sql}.yaml ]] || decisions=(--decisions "${1%.sql}.yaml")
  database online
  part 0 "$1" | sql >"$work/output" 2>&1
  remember before
  rm -rf "$work/plan.yaml" "$work/bundle"
  exits 0 "$REKEYC" inspect --strategy online "${decisions[@]}" -o "$work/plan.yaml"
  compile "$work/plan.yaml" "$work/bundle"
}

# Over all stops but that before the cleanup, which lets the old keys go.
apply_all() {
  apply "$work/bundle"
  while grep -q 'stopped before phase' "$work/output" && ! says_cleanup; do apply "$work/bundle"; done
}
says_cleanup() { grep -q 'stopped before phase [0-9]* cleanup' "$work/output"; }

true_after_rollback() { equal 'what is true after rollback' t "$(part 3 "$1" | sql 2>&1 | sort -u)"; }

trip() {  # FILE
  draft "$1"
  apply "$work/bundle"
  says 'stopped before phase'
  part 1 "$1" | sql >"$work/output" 2>&1
  verify "$work/bundle"
  apply_all
  verify "$work/bundle"
  part 2 "$1" | sql >"$work/output" 2>&1
  verify "$work/bundle"
  rollback "$work/bundle"
  schema_as before
  true_after_rollback "$1"
}

# Through the cleanup too, the new application's rows written before it or after.
long_trip() {  # FILE before|after
  draft "$1"
  apply "$work/bundle"
  part 1 "$1" | sql >"$work/output" 2>&1
  apply_all
  [[ $2 == after ]] || part 2 "$1" | sql >"$work/output" 2>&1
  apply "$work/bundle"
  says 'after it the way back is exact but for the order of columns'
  [[ $2 == before ]] || part 2 "$1" | sql >"$work/output" 2>&1
  verify "$work/bundle"
  proves "SELECT count(*) = 0 FROM information_schema.columns WHERE column_name LIKE 'rekey\\_%'"
  rollback "$work/bundle"
  schema_but_for_order before
  true_after_rollback "$1"
}

all_trips() {  # FILE
  begin "online ${1##*/}"
  trip "$1"
  ok
  local when
  for when in before after; do
    begin "online ${1##*/}, rows written $when the cleanup"
    long_trip "$1" "$when"
    ok
  done
}
