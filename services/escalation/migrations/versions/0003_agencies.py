"""Deliveries with a state, what agencies did, webhooks, ASB Case Reviews; and each agency sees only its own.

The service's own role owns the tables. Agencies' requests run as `<database>_guest`, which owns nothing, cannot bypass
row-level security and has no right on any table but these. Whose rows it sees is set for each transaction, in
`heard.agency`; where that is set, the owner too sees no others (FORCE).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

ME = "nullif(current_setting('heard.agency', true), '')"
INVITED = "exists (select from case_review_agency as asked where asked.review_id = {review})"

# What an agency sees; and what it may add or change, where that is less.
MINE = {
    "delivery": f"agency_id = {ME}",
    "delivery_step": f"agency_id = {ME}",
    "webhook": f"agency_id = {ME}",
    "case_review_agency": f"{ME} in (agency_id, panel)",
    "case_review": f"agency_id = {ME} or {INVITED.format(review='case_review.id')}",
    "case_review_action": f"panel = {ME} or {INVITED.format(review='case_review_action.review_id')}",
}
CHANGES = {
    "case_review_agency": f"panel = {ME}",
    "case_review": f"agency_id = {ME}",
    "case_review_action": f"{ME} in (panel, owner)",
}
MAY = {
    "delivery": "select, update (state, seen_at, acknowledged_at, closed_at, returned_for, outcome)",
    "delivery_step": "select, insert",
    "webhook": "select",
    "case_review_agency": "select, insert",
    "case_review": "select, update (state, review_on, outcome, closed_at)",
    "case_review_action": "select, insert, update (done_at)",
    "outbox": "insert",
}


def upgrade() -> None:
    _deliveries()
    _clients()
    _webhooks()
    _case_reviews()
    for table, mine in MINE.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy own on {table} to current_user using ({ME} is null or ({mine}))")
    op.execute(_GUEST)


def _deliveries() -> None:
    op.execute("alter table delivery drop constraint delivery_report_id_fkey")
    op.execute(
        """
        alter table delivery
            add column kind varchar not null default 'report'
                check (kind in ('report', 'corrected', 'withdrawn', 'erased')),
            add column reference varchar, add column received_at timestamptz, add column body jsonb,
            add column state varchar not null default 'queued'
                check (state in ('queued', 'seen', 'acknowledged', 'returned', 'closed', 'withdrawn', 'erased')),
            add column seen_at timestamptz, add column acknowledge_by timestamptz,
            add column acknowledged_at timestamptz, add column closed_at timestamptz,
            add column returned_for varchar, add column outcome varchar,
            add column by_hand boolean not null default false,
            add column settled_at timestamptz
        """
    )
    op.drop_index("delivery_report", "delivery")
    op.create_index(
        "delivery_report", "delivery", ["agency_id", "report_id", "queue"], unique=True,
        postgresql_where=sa.text("kind = 'report'"),
    )  # fmt: skip
    op.create_index(
        "delivery_unsettled", "delivery", ["acknowledge_by"],
        postgresql_where=sa.text("kind = 'report' and settled_at is null and state in ('queued', 'seen', 'returned')"),
    )  # fmt: skip
    op.create_table(
        "delivery_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("agency_id", sa.String(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("delivery_step_report", "delivery_step", ["agency_id", "report_id"])


def _clients() -> None:
    op.create_table(
        "client_secret",
        sa.Column("client_id", sa.String(), sa.ForeignKey("client.id", ondelete="cascade"), primary_key=True),
        sa.Column("secret_hash", sa.String(), primary_key=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.execute("insert into client_secret (client_id, secret_hash) select id, secret_hash from client")
    op.drop_column("client", "secret_hash")
    op.add_column("client", sa.Column("scopes", sa.ARRAY(sa.String()), server_default="{}", nullable=False))


def _webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("agency_id", sa.String(), primary_key=True),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("sent_to", sa.BigInteger(), nullable=False),
        sa.Column("pending_to", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gave_up_at", sa.DateTime(timezone=True), nullable=True),
    )


_OF_THAT_PANEL = (["review_id", "panel"], ["case_review.id", "case_review.agency_id"])
"""Nobody can pass for the panel of another's review."""


def _case_reviews() -> None:
    op.create_table(
        "case_review",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("agency_id", sa.String(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), server_default="proposed", nullable=False),
        sa.Column("timeline", postgresql.JSONB(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('proposed', 'planned', 'closed')"),
        sa.UniqueConstraint("id", "agency_id"),
    )
    op.create_table(
        "case_review_report",
        sa.Column("reference", sa.String(), primary_key=True),
        sa.Column("review_id", sa.Uuid(), sa.ForeignKey("case_review.id", ondelete="cascade"), primary_key=True),
    )
    op.create_table(
        "case_review_agency",
        sa.Column("review_id", sa.Uuid(), primary_key=True),
        sa.Column("agency_id", sa.String(), primary_key=True),
        sa.Column("panel", sa.String(), nullable=False),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(*_OF_THAT_PANEL, ondelete="cascade"),
    )
    op.create_table(
        "case_review_action",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("panel", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("came_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(*_OF_THAT_PANEL, ondelete="cascade"),
    )
    op.create_index("case_review_action_review", "case_review_action", ["review_id"])


_GRANTS = "\n".join(f"execute format('grant {rights} on {table} to %I', guest);" for table, rights in MAY.items())
_POLICY = "execute format($p$create policy {name} on {table} for {what} to %I {test}$p$, guest);"


def _policies() -> str:
    made = []
    for table, mine in MINE.items():
        change = CHANGES.get(table, mine)
        made += [
            _POLICY.format(name="guest_sees", table=table, what="select", test=f"using ({mine})"),
            _POLICY.format(name="guest_adds", table=table, what="insert", test=f"with check ({change})"),
            _POLICY.format(name="guest_changes", table=table, what="update", test=f"using ({change})"),
        ]
    return "\n".join(made)


_GUEST = f"""
do $do$
declare guest text := current_database() || '_guest';
begin
    if not exists (select from pg_roles where rolname = guest and not rolsuper and not rolbypassrls) then
        raise exception 'make the role % first, that may log in and nothing else', guest;
    end if;
    execute format('grant usage on schema public to %I', guest);
    execute format('grant usage on sequence outbox_id_seq to %I', guest);
    {_GRANTS}
    {_policies()}
end
$do$
"""
