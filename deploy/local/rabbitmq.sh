# shellcheck shell=bash
# A private RabbitMQ, with its management API and its metrics for Prometheus, and the epmd that Erlang needs, on their own ports of
# 127.0.0.1.

start_rabbitmq() {
  ! running rabbitmq || return 0
  local programs environment
  programs=$(rabbitmq_programs)
  stop_process epmd TERM 5
  own_port epmd >/dev/null
  own_port rabbitmq.distribution >/dev/null
  own_port rabbitmq >/dev/null
  own_port rabbitmq.management >/dev/null
  own_port rabbitmq.prometheus >/dev/null
  configure_rabbitmq
  mapfile -t environment < <(rabbitmq_environment)

  say "Starting RabbitMQ"
  start_process epmd env "${environment[@]}" epmd -port "$(setting epmd.port)"
  start_process rabbitmq env "${environment[@]}" "$programs/rabbitmq-server"
  ready_or_fail rabbitmq "${SERVERS_TIMEOUT:-90}" rabbitmq_answers
}

stop_rabbitmq() {
  stop_process rabbitmq TERM "${SERVERS_TIMEOUT:-30}"
  stop_process epmd TERM 5
}

rabbitmq_uri() { printf 'amqp://%s:%s@127.0.0.1:%s\n' "$1" "$2" "$(setting rabbitmq.port)"; }

rabbitmq_management() { printf 'http://admin:%s@127.0.0.1:%s\n' "$(secret rabbitmq.password)" "$(setting rabbitmq.management.port)"; }

rabbitmq_metrics() { printf 'http://127.0.0.1:%s\n' "$(setting rabbitmq.prometheus.port)"; }

# The management API answers before the broker accepts connections.
rabbitmq_answers() { http GET "$(rabbitmq_management)/api/health/checks/port-listener/$(setting rabbitmq.port)"; }

configure_rabbitmq() {
  local home=$dir/rabbitmq
  mkdir -p -m 700 "$home"
  [[ -s $home/.erlang.cookie ]] || (umask 077 && secret rabbitmq.cookie | tr -d '\n' >"$home/.erlang.cookie")
  chmod 400 "$home/.erlang.cookie"
  # The data is stored under the node's name, which must therefore not change when the directory is moved.
  [[ -n $(setting rabbitmq.node) ]] || remember rabbitmq.node "orderplatform-$(printf '%s' "$dir" | sha256sum | cut -c 1-8)@localhost"
  printf '[rabbitmq_management, rabbitmq_prometheus].\n' >"$home/enabled_plugins"
  : >"$home/rabbitmq-env.conf"
  (umask 077 && cat >"$home/rabbitmq.conf") <<END
listeners.tcp.1 = 127.0.0.1:$(setting rabbitmq.port)
management.tcp.ip = 127.0.0.1
management.tcp.port = $(setting rabbitmq.management.port)
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $(setting rabbitmq.prometheus.port)

# Created when the node first starts.
default_user = admin
default_pass = $(secret rabbitmq.password)

log.file = false
log.console = true
log.console.level = info

# Small: it shares the machine with everything else. The write-ahead log of quorum queues is also kept in memory.
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 100MB
raft.wal_max_size_bytes = 64000000
END
}

# RabbitMQ is configured by its environment; nothing in /etc/rabbitmq or /var/lib/rabbitmq is touched or read. Idle schedulers sleep
# at once (+sbwt none): the other processes need the processor.
rabbitmq_environment() {
  local home=$dir/rabbitmq
  cat <<END
HOME=$home
LANG=C.UTF-8
ERL_EPMD_ADDRESS=127.0.0.1
ERL_EPMD_PORT=$(setting epmd.port)
RABBITMQ_NODENAME=$(setting rabbitmq.node)
RABBITMQ_DIST_PORT=$(setting rabbitmq.distribution.port)
RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none
RABBITMQ_CONF_ENV_FILE=$home/rabbitmq-env.conf
RABBITMQ_CONFIG_FILE=$home/rabbitmq.conf
RABBITMQ_CONFIG_FILES=$home/conf.d/*.conf
RABBITMQ_ADVANCED_CONFIG_FILE=$home/advanced.config
RABBITMQ_GENERATED_CONFIG_DIR=$home/config
RABBITMQ_ENABLED_PLUGINS_FILE=$home/enabled_plugins
RABBITMQ_MNESIA_BASE=$home/mnesia
RABBITMQ_LOG_BASE=$dir/log
RABBITMQ_LOG=-color
RUNNING_UNDER_SYSTEMD=true
END
}
