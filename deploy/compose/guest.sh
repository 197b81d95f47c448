#!/usr/bin/env bash
# The role that agencies' requests run under: it may log in; what it may see, the migrations say. Run once, by postgres.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -v guest="${POSTGRES_DB}_guest" -v password="$GUEST_PASSWORD" \
  -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
create role :"guest" login password :'password';
grant connect on database :"DBNAME" to :"guest";
SQL
