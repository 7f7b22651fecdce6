#!/bin/sh
# A PostgreSQL server for one process of tests, on a loopback port. Says "ready" and the port,
# and lives until its input ends. An interrupt at the terminal ends the input too.
set -eu
trap '' INT
dir=$(mktemp -d)
trap 'pg_ctl -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT
exec 2>&1

printf %s "$PGPASSWORD" >"$dir/password"
initdb -D "$dir/data" -U postgres -A scram-sha-256 --pwfile="$dir/password" -E UTF8 --no-locale --no-sync >"$dir/log" 2>&1 || {
  cat "$dir/log"
  exit 1
}

# Another server may have the port.
for try in 1 2 3 4 5 6 7 8; do
  port=$(awk -v seed="$$$try" 'BEGIN { srand(seed); print 20000 + int(rand() * 12000) }')
  if pg_ctl -D "$dir/data" -l "$dir/log" -w -t 120 \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300" start >/dev/null; then
    echo "ready $port"
    cat >/dev/null
    exit
  fi
done
cat "$dir/log"
exit 1
