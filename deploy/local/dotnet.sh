# shellcheck shell=bash

# dotnet_quietly LOG ARGUMENT...: reports that it is still working; shows errors.
dotnet_quietly() {
  local log=$1 build begun=$SECONDS
  shift
  command -v dotnet >/dev/null || fail "the .NET SDK is needed: https://dotnet.microsoft.com/download"
  dotnet "$@" --nologo --verbosity quiet -nodeReuse:false </dev/null >>"$log" 2>&1 9>&- &
  build=$!
  while sleep 1 && kill -0 "$build" 2>/dev/null; do
    (((SECONDS - begun) % 15)) || say "  still building ($((SECONDS - begun)) s)"
  done
  if ! wait "$build"; then
    show_log "$log" 40
    fail "dotnet $1 $2 failed; its log is $log"
  fi
}
