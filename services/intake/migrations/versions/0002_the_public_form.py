"""The public form: drafts, evidence, contact details apart, partners and their keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

JSONB = postgresql.JSONB(astext_type=sa.Text())
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("report_id", sa.Uuid(), sa.ForeignKey("report.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("contact", JSONB, nullable=False),
    )
    op.create_table(
        "sealed",
        sa.Column("place", sa.LargeBinary(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
    )
    op.create_index(op.f("ix_sealed_expires_at"), "sealed", ["expires_at"])
    op.create_table(
        "message",
        sa.Column("event_id", sa.Uuid(), primary_key=True),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
    )
    op.create_index(op.f("ix_message_report_id"), "message", ["report_id"])
    _evidence()
    _partners()


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=True),
        sa.Column("report_id", sa.Uuid(), sa.ForeignKey("report.id", ondelete="CASCADE"), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", TIME, nullable=True),
    )
    for column in ("place", "report_id", "expires_at"):
        op.create_index(op.f(f"ix_evidence_{column}"), "evidence", [column])


def _partners() -> None:
    op.create_table(
        "partner",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("colour", sa.String(), nullable=False),
        sa.Column("origins", JSONB, nullable=False),
        sa.Column("way_back", sa.String(), nullable=True),
    )
    op.create_table(
        "partner_key",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("partner", sa.String(), sa.ForeignKey("partner.id", ondelete="CASCADE"), nullable=False),
        sa.Column("hash", sa.String(), nullable=False, unique=True),
        sa.Column("scopes", JSONB, nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("revoked_at", TIME, nullable=True),
    )
    op.create_index(op.f("ix_partner_key_partner"), "partner_key", ["partner"])
