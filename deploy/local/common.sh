# shellcheck shell=bash
# Messages, remembered values, ports, waiting and HTTP: only with bash, coreutils and /proc, so that a bare Debian is enough.
# Everything is kept under $dir, which use_directory sets.

shopt -s inherit_errexit

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "error: $*"
  exit 1
}

# Prints the comment at the top of a script: that is its --help.
usage() { sed -n '2,/^$/ s/^# \{0,1\}//p' "$1"; }

# use_directory DIRECTORY: where the servers, settings, logs and pids are; created if missing.
use_directory() {
  mkdir -p "$1"
  dir=$(cd "$1" && pwd)
  mkdir -p "$dir/log" "$dir/run"
  mkdir -p -m 700 "$dir/settings"
}

# exclusively COMMAND...: one script at a time starts and stops things in $dir.
exclusively() {
  exec 9>"$dir/run/lock"
  flock --wait 300 9 || fail "another script has been busy in $dir for five minutes"
  "$@"
  exec 9>&-
}

setting() { cat "$dir/settings/$1" 2>/dev/null || true; }

remember() { (umask 077 && printf '%s\n' "$2" >"$dir/settings/$1"); }

# secret NAME: generated when first needed, then remembered.
secret() {
  [[ -s $dir/settings/$1 ]] || remember "$1" "$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
  setting "$1"
}

# Is a process listening on this port, on any address?
port_taken() {
  local hex
  printf -v hex '%04X' "$1"
  grep -qsE "^ *[0-9]+: [0-9A-F]+:$hex [0-9A-F]+:0000 0A" /proc/net/tcp /proc/net/tcp6
}

# own_port NAME: the port remembered under this name, or a free one, if there is none or another program has taken it.
own_port() {
  local port
  port=$(setting "$1.port")
  while [[ -z $port ]] || port_taken "$port"; do
    # Below the ports that the kernel gives to outgoing connections.
    port=$((20000 + RANDOM % 12000))
    ! grep -qsx "$port" "$dir"/settings/*.port || port=
  done
  remember "$1.port" "$port"
  printf '%s\n' "$port"
}

# eventually SECONDS WHAT COMMAND...: retries until the command succeeds, and says what it waits for when that takes long.
eventually() {
  local limit=$((SECONDS + $1)) next=$((SECONDS + 5)) start=$SECONDS what=$2
  shift 2
  until "$@"; do
    ((SECONDS < limit)) || return 1
    if ((SECONDS >= next)); then
      say "  still waiting for $what ($((SECONDS - start)) s)"
      next=$((SECONDS + 5))
    fi
    sleep 0.1
  done
}

show_log() {
  say "--- the last lines of $1"
  tail -n "${2:-25}" "$1" >&2 || true
  say "---"
}

# http METHOD URL [BODY [HEADER]]: leaves the answer in http_status and http_body; fails unless the
# status is 2xx. A user and password in the URL are sent.
http() {
  local method=$1 url=$2 body=${3-} header=${4-} response='' LC_ALL=C
  http_status=000 http_body="no answer from ${url#*@}"
  [[ $url =~ ^http://(([^@/]*)@)?([^/:]+):([0-9]+)(/.*)?$ ]] || fail "this script cannot read the URL $url"
  local credentials=${BASH_REMATCH[2]} host=${BASH_REMATCH[3]} port=${BASH_REMATCH[4]} path=${BASH_REMATCH[5]:-/}
  {
    {
      # HTTP/1.0: the server closes the connection after its answer, and does not send it in chunks.
      printf '%s %s HTTP/1.0\r\nHost: %s:%s\r\n' "$method" "$path" "$host" "$port"
      [[ -z $credentials ]] || printf 'Authorization: Basic %s\r\n' "$(printf '%s' "$credentials" | base64 -w 0)"
      [[ -z $header ]] || printf '%s\r\n' "$header"
      [[ -z $body ]] || printf 'Content-Type: application/json\r\n'
      printf 'Content-Length: %d\r\n\r\n%s' "${#body}" "$body"
    } >&3
    IFS= read -r -d '' -t 30 response <&3 || true
  } 2>/dev/null 3<>"/dev/tcp/$host/$port" || return 1
  [[ $response == HTTP/* ]] || return 1
  http_status=${response:9:3}
  http_body=${response#*$'\r\n\r\n'}
  [[ $http_status == 2* ]]
}
