# shellcheck shell=bash
# Processes that outlive the script that started them. $dir/run/NAME.pid has the process id, $dir/log/NAME.log the output.

# A pid may now belong to another process, for example after a reboot: the start time tells them apart.
identity() {
  local stat
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  read -ra stat <<<"${stat##*) }"
  # The state, first, and the start time, the 20th after the name. A zombie no longer runs.
  [[ ${stat[0]} != Z ]] && printf '%s.%s\n' "$(</proc/sys/kernel/random/boot_id)" "${stat[19]}"
}

# Prints the pid of the process that was started under this name; fails if it does not run.
pid_of() {
  local pid started
  read -r pid started 2>/dev/null <"$dir/run/$1.pid" && [[ $(identity "$pid") == "$started" ]] && printf '%s\n' "$pid"
}

running() { pid_of "$1" >/dev/null; }

not_running() { ! running "$1"; }

# start_process NAME COMMAND...: in its own session, so that Ctrl-C does not reach it; the previous log is kept as NAME.log.previous.
start_process() {
  local name=$1 log=$dir/log/$1.log
  shift
  [[ ! -e $log ]] || mv "$log" "$log.previous"
  setsid "$@" </dev/null >"$log" 2>&1 9>&- &
  disown
  printf '%s %s\n' "$!" "$(identity "$!")" >"$dir/run/$name.pid"
}

# ready_or_fail NAME SECONDS COMMAND...: waits until the command succeeds; shows the log if the process ends first, or if it takes too long.
ready_or_fail() {
  local name=$1 seconds=$2
  shift 2
  eventually "$seconds" "$name" ready_or_gone "$name" "$@" || true
  if not_running "$name"; then
    show_log "$dir/log/$name.log"
    fail "$name ended while it started"
  fi
  if ! "$@"; then
    show_log "$dir/log/$name.log"
    fail "$name was not ready after $seconds seconds"
  fi
}

ready_or_gone() {
  local name=$1
  shift
  "$@" || not_running "$name"
}

# stop_process NAME SIGNAL SECONDS: asks the process to end; kills it if it still runs after SECONDS.
stop_process() {
  local name=$1 signal=$2 seconds=$3 pid
  if pid=$(pid_of "$name"); then
    say "Stopping $name"
    kill -s "$signal" "$pid" 2>/dev/null || true
    if ! eventually "$seconds" "$name to stop" not_running "$name"; then
      say "$name did not stop in $seconds seconds: killing it"
      kill -s KILL "$pid" 2>/dev/null || true
      eventually 5 "$name to end" not_running "$name" || fail "$name (pid $pid) cannot be killed"
    fi
  fi
  rm -f "$dir/run/$name.pid"
}
