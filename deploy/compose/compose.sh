# shellcheck shell=bash
# The platform in containers, for deploy/up and deploy/down; needs local/servers.sh and local/services.sh.

engine_answers() {
  timeout 10 docker version >/dev/null 2>&1 || return
  docker compose version >/dev/null 2>&1 || docker-compose version >/dev/null 2>&1
}

# compose ARGUMENT...: Compose v2, or docker-compose 1.29 if there is nothing newer.
compose() {
  (
    cd "$repository"
    if docker compose version >/dev/null 2>&1; then
      docker compose "$@"
    else
      docker-compose "$@"
    fi
  )
}

# Including those that have exited.
containers() { compose ps --quiet --all 2>/dev/null; }

containers_run() { engine_answers && [[ $(containers | xargs --no-run-if-empty docker inspect --format '{{.State.Running}}') == *true* ]]; }

# Builds and starts changed containers, and waits until each is healthy or, if it runs once, has finished.
start_containers() {
  local service begun=$SECONDS log=$dir/log/compose.log
  for service in "${services[@]}"; do
    export "${service^^}_PORT=$(port_of "$service")"
  done
  say "Building the images (its output: $log)"
  compose build >"$log" 2>&1 || { show_log "$log" && fail "the images could not be built"; }
  say "Built in $((SECONDS - begun)) s"
  begun=$SECONDS
  say "Starting the containers"
  compose up --detach >>"$log" 2>&1 || { show_log "$log" && fail "the containers could not be started"; }
  eventually 180 "the containers" containers_ready || {
    compose ps >&2
    fail "not every container was healthy after three minutes; their logs: docker compose logs"
  }
  say "All healthy after $((SECONDS - begun)) s"
  for service in "${services[@]}"; do
    remember "$service.port" "$(port_of "$service")"
  done
}

# A container that is never restarted runs once: it is ready when it has finished.
containers_ready() {
  local state ids format='{{.State.Status}}'
  format+='{{if eq .HostConfig.RestartPolicy.Name "no"}} {{.State.ExitCode}}{{else if .State.Health}} {{.State.Health.Status}}{{end}}'
  mapfile -t ids < <(containers)
  ((${#ids[@]})) || return 1
  while read -r state; do
    case $state in
      'running healthy' | 'exited 0') ;;
      *) return 1 ;;
    esac
  done < <(docker inspect --format "$format" "${ids[@]}")
  for service in "${services[@]}"; do
    service_ready "$service" || return 1
  done
}

print_addresses_docker() {
  printf '\n'
  local service
  for service in "${services[@]}"; do
    printf '%-12s %s/swagger   operations: %s/ops\n' "${project_of[$service]}" "$(page_of "$service")" "$(page_of "$service")"
  done
  printf '%-12s %s\n' \
    Grafana "http://127.0.0.1:${GRAFANA_PORT:-3000}" Jaeger "http://127.0.0.1:${JAEGER_PORT:-16686}" \
    Prometheus "http://127.0.0.1:${PROMETHEUS_PORT:-9090}" Alertmanager "http://127.0.0.1:${ALERTMANAGER_PORT:-9093}" \
    RabbitMQ "http://127.0.0.1:${RABBITMQ_MANAGEMENT_PORT:-15672}" PostgreSQL "127.0.0.1:${POSTGRES_PORT:-15432}"
  printf '\n'
  compose run --rm -T credentials show 2>/dev/null
  printf '\nAnother order: deploy/place-order. A steady stream: docker compose --profile load up -d. To stop everything: deploy/down\n'
}

# Waits for Ctrl-C, or until the containers are stopped.
watch_docker() {
  while containers_run; do
    sleep 2
  done
  say "The containers were stopped"
}

# remove_containers [FORGET]: those of the load generator as well.
remove_containers() {
  local forget=()
  [[ -z ${1-} ]] || forget=(--volumes)
  if [[ -n ${1-} || -n $(containers) ]]; then
    say "Removing the containers"
    compose --profile load down --remove-orphans "${forget[@]}" >/dev/null 2>&1 || fail "docker compose down failed"
  fi
}
