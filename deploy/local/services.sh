# shellcheck shell=bash
# Builds the services, and runs them with the addresses and passwords of the private servers.

# port_of SERVICE: from its variable, such as ORDERS_PORT; otherwise the port of the last run; otherwise the one in the list.
port_of() {
  local given=${1^^}_PORT remembered
  remembered=$(setting "$1.port")
  printf '%s\n' "${!given:-${remembered:-${listed_port_of[$1]}}}"
}

url_of() { printf 'http://127.0.0.1:%s\n' "$(port_of "$1")"; }

# The address for people and their browsers: pages of a service are opened there.
page_of() { printf 'http://localhost:%s\n' "$(port_of "$1")"; }

# Settings that name all services: their pages at /ops show each other's timelines.
peers() {
  local service
  for service in "${services[@]}"; do
    printf 'Ops__Peers__%s=%s\n' "$service" "$(page_of "$service")"
  done
}

# Checked before anything else: only our own services may listen on their ports.
check_ports() {
  local service port
  for service in "${services[@]}"; do
    port=$(port_of "$service")
    if port_taken "$port" && { not_running "$service" || [[ $port != "$(setting "$service.port")" ]]; }; then
      fail "port $port, for $service, is taken by another process; choose another one: ${service^^}_PORT=$((port + 1000)) deploy/up"
    fi
  done
}

# Builds into a separate directory: the files of a running service must not change.
build_services() {
  local service begun=$SECONDS log=$dir/log/build.log
  : >"$log"
  for service in "${services[@]}"; do
    say "Building $service"
    dotnet_quietly "$log" publish "$repository/services/${project_of[$service]}" --configuration Release --output "$dir/build/$service"
  done
  say "Built in $((SECONDS - begun)) s"
}

# start_service SERVICE: unless it already runs as it was built, on the requested port. Replaces an older one.
start_service() {
  local service=$1 port peers
  port=$(port_of "$service")
  mapfile -t peers < <(peers)
  if running "$service" && [[ $port == "$(setting "$service.port")" && ${peers[*]} == "$(setting "$service.peers")" ]] &&
    diff -rq "$dir/build/$service" "$dir/app/$service" >/dev/null; then
    say "$service is already running"
    return
  fi

  stop_service "$service"
  mkdir -p "$dir/app"
  rm -rf "${dir:?}/app/$service"
  cp -r "$dir/build/$service" "$dir/app/$service"
  remember "$service.port" "$port"
  remember "$service.peers" "${peers[*]}"
  say "Starting $service"
  start_process "$service" env --chdir "$dir/app/$service" \
    ASPNETCORE_ENVIRONMENT=Development \
    ASPNETCORE_URLS="$(url_of "$service")" \
    ConnectionStrings__Database="$(database_of "$service")" \
    ConnectionStrings__Broker="$(broker_of "$service")" \
    "${peers[@]}" \
    dotnet "OrderPlatform.${project_of[$service]}.dll"
}

# Long enough to finish the work in progress.
stop_service() { stop_process "$1" TERM 30; }

service_ready() { http GET "$(url_of "$1")/health/ready"; }

wait_for_service() { ready_or_fail "$1" 90 service_ready "$1"; }
