#!/usr/bin/env bash
# The roles of one database, as deploy/local/postgres.py makes them: the service owns it and no more, and agencies' requests
# run under its guest, which may log in; what that may see, the migrations say. Run once, by the image, which has made the
# database. The superuser keeps no password: it comes in from inside the container alone.
set -euo pipefail
as_postgres() { psql -v ON_ERROR_STOP=1 -U postgres -d "$POSTGRES_DB" "$@"; }
if [ -n "${GUEST_PASSWORD:-}" ]; then
  as_postgres -v guest="${POSTGRES_DB}_guest" -v password="$GUEST_PASSWORD" <<'SQL'
create role :"guest" login password :'password';
grant connect on database :"DBNAME" to :"guest";
SQL
fi
as_postgres -v password="$POSTGRES_PASSWORD" <<'SQL'
create role :"DBNAME" login password :'password';
alter database :"DBNAME" owner to :"DBNAME";
revoke connect, temporary on database :"DBNAME" from public;
alter role postgres password null;
SQL
