# shellcheck shell=bash
# A private PostgreSQL, on its own port of 127.0.0.1, with a generated password.

start_postgres() {
  ! running postgres || return 0
  local home version programs as
  mapfile -t as < <(as_postgres_user)
  home=$(postgres_home "${as[@]}")
  version=$(cat "$home/data/PG_VERSION" 2>/dev/null || true)
  programs=$(postgres_programs "$version") ||
    fail "the data in $home was written by PostgreSQL $version, which is not installed; 'deploy/down --purge' forgets it"

  [[ -n $version ]] || create_cluster "$home" "$programs" "${as[@]}"
  forget_stale_lock "$home/data"
  say "Starting PostgreSQL $(cat "$home/data/PG_VERSION")"
  start_process postgres "${as[@]}" "$programs/postgres" -D "$home/data" \
    -c listen_addresses=127.0.0.1 -c port="$(own_port postgres)" -c unix_socket_directories='' \
    -c max_connections=200 -c synchronous_commit=on -c fsync="${POSTGRES_FSYNC:-on}" -c full_page_writes="${POSTGRES_FSYNC:-on}" \
    -c log_line_prefix='%m [%p] %q%u@%d '
  ready_or_fail postgres "${SERVERS_TIMEOUT:-60}" postgres_answers
}

# A fast shutdown, which closes all connections.
stop_postgres() { stop_process postgres INT "${SERVERS_TIMEOUT:-30}"; }

postgres_connection() {
  printf 'Host=127.0.0.1;Port=%s;Username=postgres;Password=%s;Database=postgres\n' "$(setting postgres.port)" "$(secret postgres.password)"
}

# sql [ARGUMENT...]: psql, as the superuser.
sql() {
  PGPASSWORD=$(secret postgres.password) PGCONNECT_TIMEOUT=5 "$(postgres_programs)/psql" \
    --no-psqlrc --quiet --set ON_ERROR_STOP=1 --host 127.0.0.1 --port "$(setting postgres.port)" --username postgres --dbname postgres "$@"
}

postgres_answers() { sql --command 'SELECT 1' >/dev/null 2>&1; }

# PostgreSQL refuses to run as root: then it runs as the user that its package created.
as_postgres_user() {
  ((EUID == 0)) || return 0
  local user=postgres
  id -u "$user" >/dev/null 2>&1 || user=nobody
  printf '%s\n' setpriv "--reuid=$user" "--regid=$(id -g "$user")" --init-groups
}

# postgres_home [AS...]: prints the directory of the data, which that user can enter: under /root, for example, it cannot.
postgres_home() {
  local home user
  home=$(setting postgres.home)
  if [[ -z $home || ! -d $home ]]; then
    home=$dir/postgres
    mkdir -p "$home"
    if (($#)); then
      user=$("$@" id -un)
      chown "$user" "$home"
      if ! "$@" test -w "$home"; then
        rmdir "$home"
        home=$(mktemp -d /var/tmp/orderplatform-XXXXXXXX)
        chown "$user" "$home"
        say "The user $user cannot enter $dir: PostgreSQL's data is in $home"
      fi
    fi
    chmod 700 "$home"
    remember postgres.home "$home"
  fi
  printf '%s\n' "$home"
}

# create_cluster HOME PROGRAMS [AS...]: under another name until it is complete.
create_cluster() {
  local home=$1 programs=$2
  shift 2
  say "Creating a PostgreSQL cluster"
  rm -rf "$home/new"
  (umask 077 && secret postgres.password >"$home/password")
  (($# == 0)) || chown "$("$@" id -un)" "$home/password"
  if ! (cd / && "$@" "$programs/initdb" -D "$home/new" --username=postgres --pwfile="$home/password" \
    --auth=scram-sha-256 --encoding=UTF8 --no-locale) >"$dir/log/initdb.log" 2>&1; then
    show_log "$dir/log/initdb.log"
    fail "the PostgreSQL cluster could not be created"
  fi
  rm "$home/password"
  mv "$home/new" "$home/data"
}

# A lock file left by a crash or a reboot must not stop PostgreSQL if its pid now belongs to another process.
forget_stale_lock() {
  local lock=$1/postmaster.pid pid=
  [[ -f $lock ]] || return 0
  read -r pid <"$lock" || true
  if [[ -n $pid ]] && grep -qsFz -- "$1" "/proc/$pid/cmdline"; then
    fail "PostgreSQL already runs in $1, as pid $pid, but was not started from $dir"
  fi
  rm -f "$lock"
}
