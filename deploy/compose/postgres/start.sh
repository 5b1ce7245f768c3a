#!/bin/sh
# PostgreSQL takes its key only from a file that is its own and that nobody else can read; in the volume it is not.
set -eu

install -m 600 /run/secrets/server.key /run/postgresql/server.key
exec docker-entrypoint.sh postgres \
  -c hba_file=/etc/orderplatform/pg_hba.conf \
  -c ssl=on -c ssl_cert_file=/run/secrets/server.crt -c ssl_key_file=/run/postgresql/server.key \
  -c ssl_min_protocol_version=TLSv1.2 \
  -c max_connections=300
