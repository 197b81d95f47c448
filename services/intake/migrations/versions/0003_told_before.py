"""What was told before, and calls as they go on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

JSONB = postgresql.JSONB(astext_type=sa.Text())
TIME = sa.DateTime(timezone=True)


def _report() -> sa.ForeignKey:
    return sa.ForeignKey("report.id", ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "recognisable",
        sa.Column("report_id", sa.Uuid(), _report(), primary_key=True),
        sa.Column("series", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.Column("marks", JSONB, nullable=False),
    )
    op.create_index("recognisable_series", "recognisable", ["series", "received_at"])
    op.create_table(
        "household_key",
        sa.Column("digest", sa.LargeBinary(), primary_key=True),
        sa.Column("report_id", sa.Uuid(), _report(), primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("received_at", TIME, nullable=False),
    )
    op.create_index("household_key_newest", "household_key", ["digest", "received_at"])
    op.create_index("household_key_report", "household_key", ["report_id"])
    op.create_table(
        "link",
        sa.Column("later_id", sa.Uuid(), _report(), primary_key=True),
        sa.Column("earlier_id", sa.Uuid(), _report(), primary_key=True),
        sa.Column("reasons", JSONB, nullable=False),
        sa.Column("words", JSONB, nullable=False),
        sa.Column("linked_at", TIME, nullable=False),
        sa.Column("disputed_at", TIME, nullable=True),
        sa.Column("disputed_by", sa.String(), nullable=True),
        sa.Column("dispute_reason", sa.String(), nullable=True),
    )
    op.create_index("link_earlier", "link", ["earlier_id"])
    _calls()


def _calls() -> None:
    op.create_table(
        "call",
        sa.Column("report_id", sa.Uuid(), primary_key=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False, unique=True),
        sa.Column("given", JSONB, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("heard_at", TIME, nullable=False),
        sa.Column("assessment", JSONB, nullable=True),
        sa.UniqueConstraint("source", "call_id"),
    )
    op.create_index("call_live", "call", ["heard_at"], postgresql_where=sa.text("state = 'live'"))
    op.create_table(
        "call_turn",
        sa.Column("report_id", sa.Uuid(), sa.ForeignKey("call.report_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("turn", JSONB, nullable=False),
    )
