-- The role of Prometheus' exporter; can be run again.
--
--   PASSWORD=… psql --file monitoring.sql
\getenv password PASSWORD

SELECT 'CREATE ROLE monitoring'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'monitoring') \gexec

ALTER ROLE monitoring LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 5 PASSWORD :'password';

GRANT pg_monitor TO monitoring;
