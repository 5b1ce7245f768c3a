# shellcheck shell=bash
# Finds the programs of PostgreSQL and RabbitMQ, and installs them where apt can.

# Prints the directory of PostgreSQL's programs: of one version, or of the newest from 15 to 18.
postgres_programs() {
  local version path
  # shellcheck disable=SC2048 # One version or several, as words.
  for version in ${1:-18 17 16 15}; do
    for path in "/usr/lib/postgresql/$version/bin/postgres" "$(command -v postgres)"; do
      if [[ -x $path && $("$path" --version) =~ \ $version[^0-9] ]]; then
        dirname "$(readlink -f "$path")"
        return
      fi
    done
  done
  return 1
}

# Prints the directory of RabbitMQ's programs: not Debian's wrapper in sbin, which runs for the machine's own broker alone.
rabbitmq_programs() {
  local path
  for path in /usr/lib/rabbitmq/bin/rabbitmq-server "$(command -v rabbitmq-server)"; do
    if [[ -x $path ]]; then
      dirname "$path"
      return
    fi
  done
  return 1
}

install_missing_packages() {
  local missing=()
  postgres_programs >/dev/null || missing+=(postgresql)
  rabbitmq_programs >/dev/null || missing+=(rabbitmq-server)
  ((${#missing[@]})) || return 0

  local installer=("$repository/deploy/local/install-packages" "${missing[@]}")
  command -v apt-get >/dev/null ||
    fail "PostgreSQL (15 to 18) and RabbitMQ (3.10 or newer) are needed, and there is no apt-get to install them. Missing: ${missing[*]}"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "PostgreSQL and RabbitMQ are needed; as root, please: ${installer[*]}"
    say "Installing ${missing[*]} needs root: sudo may ask for your password"
    installer=(sudo "${installer[@]}")
  fi
  say "Installing ${missing[*]} (log: $dir/log/install.log)"
  if ! "${installer[@]}" >"$dir/log/install.log" 2>&1; then
    show_log "$dir/log/install.log"
    fail "the packages could not be installed"
  fi
}
