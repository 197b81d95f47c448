"""Intake's tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.outbox import OutboxRow, due_index


class Table(SQLModel, registry=registry()):
    """The root of intake's tables, apart from those of the other services."""


class Report(Table, table=True):
    """One report as it was told: `event` is the very JSON that is published, so nothing in it is ever reworded."""

    __table_args__ = (
        UniqueConstraint("source", "idempotency_key"),
        Index("report_open", "received_at", postgresql_where=text("routed_at is null")),
    )

    id: UUID = Field(primary_key=True)
    reference: str = Field(unique=True)
    source: str
    received_at: datetime = Field(sa_type=DateTime(timezone=True))
    urgent: bool
    revision: int = 1
    event: bytes = Field(sa_type=LargeBinary)
    secret_hash: str
    idempotency_key: str | None = None
    body_hash: str
    routed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    receipt: dict[str, Any] | None = Field(default=None, sa_type=JSONB)


class Outbox(OutboxRow, Table, table=True):
    __table_args__ = (due_index(),)
