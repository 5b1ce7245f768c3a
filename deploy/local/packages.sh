# shellcheck shell=bash
# Finds the programs of PostgreSQL and RabbitMQ, and installs them, with the tools that the tests need, where apt can.

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

# Prints the directory of RabbitMQ's programs: not Debian's wrapper in sbin, which only serves the machine's own broker.
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
  ((${#missing[@]} == 0)) || install_packages "PostgreSQL (15 to 18) and RabbitMQ (3.10 or newer)" "${missing[@]}"
}

# The monitoring tools of the tests.
install_missing_monitoring() {
  local missing=() package
  for package in prometheus prometheus-alertmanager prometheus-postgres-exporter; do
    command -v "$package" >/dev/null || missing+=("$package")
  done
  ((${#missing[@]} == 0)) || install_packages "Prometheus, its Alertmanager and its exporter for PostgreSQL" "${missing[@]}"
}

# The browser that the tests open the services' pages with.
install_missing_browser() {
  local browser
  for browser in chromium-headless-shell chromium chromium-browser google-chrome; do
    ! command -v "$browser" >/dev/null || return 0
  done
  (install_packages "A browser and its fonts" chromium-headless-shell fonts-liberation) ||
    install_packages "A browser and its fonts" chromium fonts-liberation
}

# install_packages WHAT PACKAGE...: fails, and says that WHAT is needed, if there is no apt or no permission to use it.
install_packages() {
  local what=$1
  shift
  local installer=("$repository/deploy/local/install-packages" "$@")
  command -v apt-get >/dev/null || fail "$what are needed, and there is no apt-get to install them. Missing: $*"
  if ((EUID != 0)); then
    command -v sudo >/dev/null || fail "$what are needed; as root, please: ${installer[*]}"
    say "Installing $* needs root: sudo may ask for your password"
    installer=(sudo "${installer[@]}")
  fi
  say "Installing $* (log: $dir/log/install.log)"
  if ! "${installer[@]}" >"$dir/log/install.log" 2>&1; then
    show_log "$dir/log/install.log"
    fail "the packages could not be installed"
  fi
}
