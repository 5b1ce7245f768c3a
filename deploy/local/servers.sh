# shellcheck shell=bash
# All private servers together: the functions that deploy/up, tests/run and the command deploy/local/servers share.

here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$here/common.sh"
# shellcheck source=process.sh
source "$here/process.sh"
# shellcheck source=dotnet.sh
source "$here/dotnet.sh"
# shellcheck source=packages.sh
source "$here/packages.sh"
# shellcheck source=postgres.sh
source "$here/postgres.sh"
# shellcheck source=rabbitmq.sh
source "$here/rabbitmq.sh"

start_servers() {
  install_missing_packages
  start_postgres
  start_rabbitmq
}

stop_servers() {
  stop_rabbitmq
  stop_postgres
}

# Data, passwords and ports, of servers that do not run.
forget_servers() {
  local home
  home=$(setting postgres.home)
  rm -rf "${home:-$dir/postgres}" "${dir:?}"/{postgres,rabbitmq,settings}
}

# For tests: where the servers are, and how to restart them.
print_environment() {
  printf 'export %s=%q\n' \
    TEST_POSTGRES "$(postgres_connection)" \
    TEST_RABBITMQ "$(rabbitmq_uri admin "$(secret rabbitmq.password)")" \
    TEST_RABBITMQ_MANAGEMENT "$(rabbitmq_management)" TEST_RABBITMQ_METRICS "$(rabbitmq_metrics)" \
    TEST_POSTGRES_PID "$(pid_of postgres)" TEST_POSTGRES_LOG "$dir/log/postgres.log" \
    TEST_RABBITMQ_PID "$(pid_of rabbitmq)" TEST_RABBITMQ_LOG "$dir/log/rabbitmq.log" \
    TEST_SERVERS_DIR "$dir" TEST_SERVERS_CONTROL "$repository/deploy/local/servers"
}
