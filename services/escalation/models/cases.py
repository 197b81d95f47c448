"""What was told and read, and its place on the queue."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.escalation.models.base import Table
from shared.outbox import OutboxRow, due_index


class Case(Table, table=True):
    """One report and what was last made of it. `event` is the ReportClassified, as JSON, to the letter.

    Report id, revision, rulebook and `assessed_at` tell news from a repetition: the case is its own inbox.
    """

    __tablename__ = "cases"
    __table_args__ = (Index("cases_no_receipt", "report_id", postgresql_where=text("receipt is null")),)

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
    override: dict[str, Any] | None = Field(default=None, sa_type=JSONB, description="what a person said instead")
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))


class ErasedReport(Table, table=True):
    """A report that was erased, so that nothing on its way brings it back."""

    __tablename__ = "erased_report"

    report_id: UUID = Field(primary_key=True)
    erased_at: datetime = Field(sa_type=DateTime(timezone=True))


class QueueItem(Table, table=True):
    """A case on the control room's ranked queue. `force` None: any control room may take it.

    It is held while `lease_until` is to come; `version` moves on by itself with every change but a renewal.
    """

    __tablename__ = "queue_item"
    __table_args__ = (
        Index(
            "queue_item_rank", "drill", "danger_class", "grade_order", "target_at", "report_id",
            postgresql_where=text("state <> 'closed'"),
        ),
        Index(
            "queue_item_fold", "fold", "danger_class", "grade_order", "target_at", "report_id",
            postgresql_where=text("state <> 'closed'"),
        ),
        Index("queue_item_copy", "fold", postgresql_where=text("state <> 'closed' and is_copy")),
        Index("queue_item_told_by", "told_by", "opened_at", postgresql_where=text("told_by is not null")),
        Index("queue_item_open", "report_id", postgresql_where=text("state <> 'closed'")),
        Index("queue_item_closed", "closed_at", postgresql_where=text("closed_at is not null")),
        Index("queue_item_newest", "force", "opened_at"),
    )  # fmt: skip

    report_id: UUID = Field(primary_key=True, foreign_key="cases.report_id")
    force: str | None = None
    queues: list[str] = Field(sa_type=ARRAY(String))
    danger_class: int = Field(sa_type=SmallInteger)
    grade_order: int = Field(sa_type=SmallInteger, description="0 is the gravest")
    target_at: datetime = Field(sa_type=DateTime(timezone=True))
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
    state: str = Field(default="open", sa_column_kwargs={"server_default": text("'open'")}, description="open, closed")
    drill: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    rerouted: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")}, description="by a person")
    version: int = Field(default=1, sa_type=BigInteger, sa_column_kwargs={"server_default": text("1")})
    waiting_since: datetime = Field(sa_type=DateTime(timezone=True), sa_column_kwargs={"server_default": text("now()")})
    holder: str | None = None
    holder_name: str | None = None
    lease_token: UUID | None = None
    lease_key: str | None = Field(default=None, description="the Idempotency-Key that it was claimed with")
    lease_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    claimed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    contacted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    closed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    outcome: str | None = None
    fold: UUID | None = Field(default=None, description="near-copies of one report have the same")
    told_by: str | None = Field(default=None, description="what the first of a fold is known by")
    came_back: list[str] = Field(
        sa_column=Column(ARRAY(String), nullable=False, server_default="{}"),
        description="why, where somebody gave it back or left it lying, until there was contact or it is closed",
    )
    sketch: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False, server_default="{}"))


class Alert(Table, table=True):
    """Something that somebody must look at. One of each kind stands for an item at a time."""

    __table_args__ = (
        Index("alert_standing", "report_id", "kind", unique=True, postgresql_where=text("cleared_at is null")),
        Index("alert_report", "report_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    report_id: UUID = Field(foreign_key="cases.report_id")
    kind: str
    raised_at: datetime = Field(sa_type=DateTime(timezone=True))
    again_at: datetime = Field(sa_type=DateTime(timezone=True), description="when it was last said")
    times: int
    cleared_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Overridden(Table, table=True):
    """A reading that a person changed: what it said before, kept to judge the rules by."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    report_id: UUID = Field(foreign_key="cases.report_id", index=True)
    revision: int
    at: datetime = Field(sa_type=DateTime(timezone=True))
    who: str
    why: str
    override: dict[str, Any] = Field(sa_type=JSONB)
    before: dict[str, Any] | None = Field(default=None, sa_type=JSONB, description="None: nobody had read it")


class Note(Table, table=True):
    """What an operator wrote beside a case."""

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    report_id: UUID = Field(foreign_key="cases.report_id", index=True)
    at: datetime = Field(sa_type=DateTime(timezone=True))
    who: str
    words: str


class Notice(Table, table=True):
    """A notice from intake about a case: kept so that one that comes twice is told once."""

    event_id: UUID = Field(primary_key=True)
    report_id: UUID = Field(index=True)


class SetAside(Table, table=True):
    """A message that could not be read, as `heard dead list` has it: for the supervisor."""

    __tablename__ = "set_aside"

    id: UUID = Field(primary_key=True)
    place: str = Field(description="where it lies in reports.dead: partition/offset")
    came_from: str
    reader: str
    reason: str
    at: datetime = Field(sa_type=DateTime(timezone=True), index=True)
    report_id: UUID | None = Field(default=None, index=True)


class CaseLink(Table, table=True):
    """Two cases that belong together, as somebody said; for staff only. The smaller id comes first."""

    __tablename__ = "case_link"

    report_id: UUID = Field(primary_key=True, foreign_key="cases.report_id")
    other_id: UUID = Field(primary_key=True, foreign_key="cases.report_id", index=True)
    at: datetime = Field(sa_type=DateTime(timezone=True))
    who: str
    why: str
    disputed_by: str | None = None
    disputed_why: str | None = None


class PostcodeDistrict(Table, table=True):
    """What the postcode service said last. Of no report, so that erasing one leaves it."""

    __tablename__ = "postcode_district"

    postcode: str = Field(primary_key=True, description="in capitals, without spaces")
    district: list[str] = Field(sa_type=ARRAY(String), description="its name and its code")


class Outbox(OutboxRow, Table, table=True):
    __table_args__ = (due_index(),)
