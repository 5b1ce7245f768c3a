#!/bin/sh
# PostgreSQL requires that its user owns the key file and that no other user can read it, which is not the case in the volume.
set -eu

install -m 600 /run/secrets/server.key /run/postgresql/server.key
exec docker-entrypoint.sh postgres \
  -c hba_file=/etc/orderplatform/pg_hba.conf \
  -c ssl=on -c ssl_cert_file=/run/secrets/server.crt -c ssl_key_file=/run/postgresql/server.key \
  -c ssl_min_protocol_version=TLSv1.2 \
  -c max_connections=300
