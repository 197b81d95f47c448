"""Escalation's tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.outbox import OutboxRow, due_index


class Table(SQLModel, registry=registry()):
    """The root of escalation's tables, apart from those of the other services."""


class Case(Table, table=True):
    """One report and what was last made of it. `event` is the ReportClassified, as JSON, to the letter.

    Report id, revision, rulebook and `assessed_at` tell news from a repetition: the case is its own inbox.
    """

    __tablename__ = "cases"

    report_id: UUID = Field(primary_key=True)
    reference: str = Field(index=True)
    revision: int
    rulebook: str | None = Field(default=None, description="None: not read yet")
    reading: int = Field(sa_type=SmallInteger, description="0: not read yet; 2 stands over 1")
    assessed_at: datetime = Field(sa_type=DateTime(timezone=True))
    event: bytes = Field(sa_type=LargeBinary)
    danger_class: int = Field(sa_type=SmallInteger)
    grade: str
    reasons: list[str] = Field(sa_type=ARRAY(String))
    receipt: bytes | None = Field(default=None, sa_type=LargeBinary, description="None: no receipt is due yet")
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))


class QueueItem(Table, table=True):
    """A case on the control room's ranked queue. `force` None: any control room may take it."""

    __tablename__ = "queue_item"
    __table_args__ = (
        Index(
            "queue_item_rank", "danger_class", "grade_order", "target_at", "report_id",
            postgresql_where=text("state <> 'closed'"),
        ),
    )  # fmt: skip

    report_id: UUID = Field(primary_key=True, foreign_key="cases.report_id")
    force: str | None = None
    queues: list[str] = Field(sa_type=ARRAY(String))
    danger_class: int = Field(sa_type=SmallInteger)
    grade_order: int = Field(sa_type=SmallInteger, description="0 is the gravest")
    target_at: datetime = Field(sa_type=DateTime(timezone=True))
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
    state: str = Field(default="open", sa_column_kwargs={"server_default": text("'open'")})


class AgencyCounter(Table, table=True):
    """How many deliveries an agency's feed holds: moved on once for each batch, so that no position is skipped."""

    __tablename__ = "agency_counter"

    agency_id: str = Field(primary_key=True)
    position: int = Field(sa_type=BigInteger)


class Delivery(Table, table=True):
    """A report in an agency's feed. Positions of one agency are 1, 2, 3 … in the order of commit."""

    __table_args__ = (Index("delivery_report", "agency_id", "report_id", "queue", unique=True),)

    agency_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True, sa_type=BigInteger)
    report_id: UUID = Field(foreign_key="cases.report_id", index=True)
    queue: str
    reason: str
    ground: str
    delivered_at: datetime = Field(sa_type=DateTime(timezone=True))


class DirectoryVersion(Table, table=True):
    """Every directory that was loaded; the newest is in force."""

    __tablename__ = "directory_version"

    version: int | None = Field(default=None, primary_key=True)
    loaded_at: datetime = Field(sa_type=DateTime(timezone=True))
    body: dict[str, Any] = Field(sa_type=JSONB)


class Client(Table, table=True):
    """Who may ask for tokens: an agency's program, or a control room's."""

    id: str = Field(primary_key=True)
    secret_hash: str
    role: str = Field(description="agency or operator")
    belongs_to: str = Field(description="the agency, or the police force whose queue it works")


class Outbox(OutboxRow, Table, table=True):
    __table_args__ = (due_index(),)
