#!/usr/bin/env bash
# Makes the roles and databases of a new cluster, once: Patroni calls it with a connection string when initdb is done, and when files of a backup
# are there, whose roles have other passwords, and which may say that they were restored, of a restore before this one.
# Each database belongs to a role of the same name, whose password is in APP_PASSWORD, KRATOS_PASSWORD or HYDRA_PASSWORD.
set -euo pipefail

create() {
    psql "$1" --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set name="$2" --set password="$3" <<'SQL'
SELECT format('CREATE ROLE %I', :'name') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
ALTER ROLE :"name" LOGIN PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
COMMENT ON DATABASE :"name" IS NULL;
SQL
}

create "$1" elido "$APP_PASSWORD"
create "$1" kratos "$KRATOS_PASSWORD"
create "$1" hydra "$HYDRA_PASSWORD"
