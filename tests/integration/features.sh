#!/usr/bin/env bash
# One tiny schema a feature, from tests/fixtures/features: inspect → compile → apply → verify → write
# rows → rollback, and all is as before but for the rows that were written. A file has three parts,
# parted by the lines "-- written after apply" and "-- true after rollback"; a
# file of the same name with .yaml has decisions for inspect.
. "$(dirname "$0")/lib.sh"

part() {
  awk -v want="$1" '/^-- written after apply$/ {n = 1; next}
                    /^-- true after rollback$/ {n = 2; next}
                    n + 0 == want' "$2"
}

trip() {
  local name=$1 file=$2 bundle=$work/$1 decisions=() lines
  begin "$name"
  database feature
  part 0 "$file" | sql >"$work/output" 2>&1
  name_not_nulls
  remember before
  [[ ! -f ${file%.sql}.yaml ]] || decisions=(--decisions "${file%.sql}.yaml")
  exits 0 "$REKEYC" inspect "${decisions[@]}" -o "$work/$name.yaml"
  compile "$work/$name.yaml" "$bundle"
  exits 0 "$REKEY" inventory "$bundle" --markdown "$work/inventory.md"
  apply "$bundle"
  verify "$bundle"
  rollback "$bundle"
  exactly_as before
  apply "$bundle"
  no_trace_of_fences
  part 1 "$file" | sql >"$work/output" 2>&1
  verify "$bundle"
  rollback "$bundle"
  schema_as before
  # A case that changes old rows itself says what they are then.
  [[ $name == null_keys ]] || rows_kept_since before
  lines=$(part 2 "$file" | sql 2>&1 | sort -u)
  equal 'what is true after rollback' t "$lines"
  ok
}

for file in "$REKEY_SOURCE"/tests/fixtures/features/${1:-*}.sql; do
  name=${file##*/}
  runs_here "$file" || continue
  trip "${name%.sql}" "$file"
done
