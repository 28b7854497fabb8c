# Sourced after lib.sh by scripts that start servers of their own, in $folder, which end with the script.
#
#   new_server NAME                 makes $folder/NAME
#   serve NAME PORT [OPTION…]       starts it; its socket is in $folder
#   "${as_server[@]}" COMMAND…      as whom servers run; the process is the command's, so that its number ends it
as_server=()
if ((EUID == 0)); then as_server=(setpriv --reuid=postgres --regid=postgres --init-groups); fi

major=$(server_major)
for bin in "/usr/lib/postgresql/$major/bin" "${REKEY_POSTGRES-}/$major/bin"; do
  [[ ! -x $bin/initdb ]] || break
done
chmod 755 "$work"
folder=$work/servers
mkdir "$folder"
if ((EUID == 0)); then chown postgres "$folder"; fi
children=()
trap 'code=$?; set +e; for child in "${children[@]}"; do kill "$child"; wait "$child"; done 2>/dev/null; (exit "$code"); finish' EXIT

new_server() { "${as_server[@]}" "$bin/initdb" -A trust -U postgres -N -E UTF8 --locale=C -D "$folder/$1" >"$work/output"; }

serve() {
  "${as_server[@]}" "$bin/postgres" -D "$folder/$1" -k "$folder" -p "$2" -c listen_addresses= -c fsync=off "${@:3}" >"$work/$1.log" 2>&1 &
  children+=($!)
}
