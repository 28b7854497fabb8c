#!/usr/bin/env bash
# What cannot be carried over, from tests/fixtures/refusals: each is one finding before anything changes, and
# what it says to do settles it. A file begins with a schema; lines "-- NAME" begin its other parts:
#
#   decided               decisions for inspect, to begin with
#   after apply           statements, where the way back is refused
#   refused by COMMAND    inspect, check, apply, "apply as ROLE" or rollback; what it says, line by line
#   settled by decisions  with these, and with
#   settled by SQL        these statements, inspect → compile → apply → verify → rollback passes, dump identical
. "$(dirname "$0")/lib.sh"

part() {  # NAME FILE
  awk -v want="-- $1" 'index($0, "-- decided") == 1 || index($0, "-- after apply") == 1 || index($0, "-- refused by ") == 1 ||
                       index($0, "-- settled by ") == 1 {on = index($0, want) == 1; next}
                       on' "$2"
}

schema() { awk '/^-- (decided|after apply|refused by|settled by) ?/ {exit} 1' "$1"; }

plan() {  # CODE DECISIONS
  local with=()
  [[ ! -s $2 ]] || with=(--decisions "$2")
  exits "$1" "$REKEYC" inspect "${with[@]}" -o "$work/plan.yaml"
}

refused() {  # COMMAND [as ROLE]
  case $1 in
    inspect) plan 2 "$work/decided" ;;
    check)
      plan 0 "$work/decided"
      exits 2 "$REKEYC" check "$work/plan.yaml"
      ;;
    apply)
      plan 0 "$work/decided"
      compile "$work/plan.yaml" "$work/refused"
      exits 3 env ${3:+PGUSER="$3"} "$REKEY" apply "$work/refused" --yes
      says 'nothing has been changed'
      ;;
    rollback)
      plan 0 "$work/decided"
      compile "$work/plan.yaml" "$work/refused"
      apply "$work/refused"
      part 'after apply' "$file" | sql >"$work/output" 2>&1
      exits "${2:-1}" "$REKEY" rollback "$work/refused" --yes
      ;;
  esac
}

trip() {  # [ROLE]
  local owner=$PGUSER
  rm -rf "$work/settled"
  remember before
  plan 0 "$work/decisions"
  compile "$work/plan.yaml" "$work/settled"
  local -x PGUSER=${1:-$PGUSER}
  apply "$work/settled"
  verify "$work/settled"
  rollback "$work/settled"
  PGUSER=$owner
  exactly_as before
}

case_of() {
  local name=${1##*/} file=$1 command line
  begin "${name%.sql}"
  database refusal
  rm -rf "$work/refused"
  schema "$file" | sql >"$work/output" 2>&1
  part decided "$file" >"$work/decided"
  command=$(sed -n 's/^-- refused by //p' "$file")
  remember before
  refused $command
  while read -r line; do says "$line"; done < <(part 'refused by' "$file")
  [[ $command == rollback ]] || exactly_as before
  part 'settled by SQL' "$file" | sql >"$work/output" 2>&1
  if [[ $command == rollback ]]; then
    rollback "$work/refused"
    exactly_as before
    ok
    return
  fi
  part 'settled by decisions' "$file" >"$work/decisions"
  ! grep -q '^-- settled by' "$file" || trip $(grep -oP "(?<= as ).*" <<<"$command")
  ok
}

for file in "$REKEY_SOURCE"/tests/fixtures/refusals/${1:-*}.sql; do
  runs_here "$file" || continue
  case_of "$file"
done
