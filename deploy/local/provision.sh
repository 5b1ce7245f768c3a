# shellcheck shell=bash
# Gives each service its database and its place on the broker; every step can be repeated while the services run.

# The list in deploy/services.ini: services as the servers know them, in lower case; their projects; their ports unless others are chosen.
services=()
declare -A project_of=() listed_port_of=()

read_services() {
  local key value service=''
  while IFS=' =' read -r key value; do
    case $key in
      \[*\])
        service=${key:1:-1}
        service=${service,,}
        services+=("$service")
        project_of[$service]=${key:1:-1}
        ;;
      port) listed_port_of[$service]=$value ;;
    esac
  done <"$repository/deploy/services.ini"
}
read_services

provision_postgres() {
  local service
  for service in "${services[@]}"; do
    PASSWORD=$(secret "$service.database.password") \
      sql --set service="$service" --file "$repository/deploy/postgres/service.sql" >/dev/null ||
      fail "the database of $service could not be made"
  done
}

# Users first: the definitions give them permissions, and hold no passwords.
provision_rabbitmq() {
  local management service
  management=$(rabbitmq_management)
  for service in "${services[@]}"; do
    http PUT "$management/api/users/$service" "{\"password\": \"$(secret "$service.broker.password")\", \"tags\": \"\"}" ||
      fail "RabbitMQ rejected the user $service: $http_status $http_body"
  done
  http POST "$management/api/definitions" "$(<"$repository/deploy/rabbitmq/definitions.json")" ||
    fail "RabbitMQ rejected deploy/rabbitmq/definitions.json: $http_status $http_body"
}

# database_of SERVICE, broker_of SERVICE: connection strings, as the service reads them.
database_of() {
  printf 'Host=127.0.0.1;Port=%s;Database=%s;Username=%s;Password=%s\n' \
    "$(setting postgres.port)" "$1" "$1" "$(secret "$1.database.password")"
}

broker_of() { rabbitmq_uri "$1" "$(secret "$1.broker.password")"; }
