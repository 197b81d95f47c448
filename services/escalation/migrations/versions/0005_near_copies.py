"""Near-copies, notices from intake, what was set aside, and agencies' acts in the audit record.

Agencies act under a role that has no right on the audit record: a trigger that runs as its owner writes there for them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

RECORD_STEPS = (
    """create function delivery_step_is_recorded() returns trigger language plpgsql security definer
set search_path = public as $$
begin
    insert into audit_entry (at, who, action, report_id, why, detail)
    values (new.at, new."by", new.step, new.report_id, '',
            jsonb_build_object('agency', new.agency_id, 'queue', new.queue));
    return null;
end $$""",
    """create trigger delivery_step_is_recorded after insert on delivery_step
    for each row execute function delivery_step_is_recorded()""",
)


def upgrade() -> None:
    _folds()
    op.create_table(
        "notice",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("report_id", sa.Uuid(), nullable=False, index=True),
    )
    op.create_table(
        "set_aside",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("came_from", sa.String(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("report_id", sa.Uuid(), nullable=True),
    )
    for statement in RECORD_STEPS:
        op.execute(statement)


def _folds() -> None:
    op.add_column("queue_item", sa.Column("fold", sa.Uuid(), nullable=True))
    op.add_column("queue_item", sa.Column("told_by", sa.String(), nullable=True))
    op.add_column("queue_item", sa.Column("sketch", sa.ARRAY(sa.BigInteger()), server_default="{}", nullable=False))
    op.create_index(
        "queue_item_fold", "queue_item", ["fold", "danger_class", "grade_order", "target_at", "report_id"],
        postgresql_where=sa.text("state <> 'closed'"),
    )  # fmt: skip
    op.create_index(
        "queue_item_told_by", "queue_item", ["told_by", "opened_at"],
        postgresql_where=sa.text("told_by is not null"),
    )  # fmt: skip
