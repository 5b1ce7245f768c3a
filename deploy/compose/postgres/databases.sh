#!/bin/sh
# Gives each service its role and its database, and Prometheus' exporter a role that can only read statistics. It can be run again:
# then it sets the passwords to those in the volume.
set -eu

export PGHOST=postgres PGUSER=postgres PGSSLMODE=verify-full PGSSLROOTCERT=/run/secrets/ca.crt
PGPASSWORD=$(cat /run/secrets/postgres.password)
export PGPASSWORD

as_superuser() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname postgres "$@"; }

for password in /run/secrets/services/*.password; do
  PASSWORD=$(cat "$password") as_superuser --set service="$(basename "$password" .password)" --file /etc/orderplatform/service.sql
done
PASSWORD=$(cat /run/secrets/monitoring.password) as_superuser --file /etc/orderplatform/monitoring.sql
echo "Every service has its database."
