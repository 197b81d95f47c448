"""Intake's tables."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.kafka import ERASED
from shared.outbox import OutboxRow, due_index

OPEN: Final = "open_since is not null and (receipt is null or (receipt ->> 'revision')::int < revision)"
"""What is open. The receipt decides: a process from before `open_since` records one, and leaves that as it is."""


class Table(SQLModel, registry=registry()):
    """The root of intake's tables, apart from those of the other services."""


class Report(Table, table=True):
    """One report as it was told: `event` is the very JSON that is published, so nothing in it is ever reworded.

    `open_since`: since when its newest words have had no receipt; none where they have one.
    """

    __table_args__ = (
        UniqueConstraint("source", "idempotency_key"),
        Index("report_open", "open_since", postgresql_where=text(OPEN)),
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
    open_since: datetime | None = Field(
        default=None, sa_type=DateTime(timezone=True), sa_column_kwargs={"server_default": text("now()")}
    )


class Recognisable(Table, table=True):
    """What a report may be recognised by, and the series of linked reports that it belongs to."""

    __table_args__ = (Index("recognisable_series", "series", "received_at"),)

    report_id: UUID = Field(primary_key=True, foreign_key="report.id", ondelete="CASCADE")
    series: UUID
    reference: str
    received_at: datetime = Field(sa_type=DateTime(timezone=True))
    marks: dict[str, Any] = Field(sa_type=JSONB)


class HouseholdKey(Table, table=True):
    """An HMAC of a postcode, an address, a phone number or an email, under the key named by `key_id`."""

    __tablename__ = "household_key"
    __table_args__ = (
        Index("household_key_newest", "digest", "received_at"),
        Index("household_key_report", "report_id"),
    )

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    report_id: UUID = Field(primary_key=True, foreign_key="report.id", ondelete="CASCADE")
    kind: str
    key_id: str
    received_at: datetime = Field(sa_type=DateTime(timezone=True))


class Link(Table, table=True):
    """Two reports taken to belong together; a disputed one stays, so that it is not made again."""

    __table_args__ = (Index("link_earlier", "earlier_id"),)

    later_id: UUID = Field(primary_key=True, foreign_key="report.id", ondelete="CASCADE")
    earlier_id: UUID = Field(primary_key=True, foreign_key="report.id", ondelete="CASCADE")
    reasons: list[str] = Field(sa_type=JSONB)
    words: list[str] = Field(sa_type=JSONB)
    linked_at: datetime = Field(sa_type=DateTime(timezone=True))
    disputed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    disputed_by: str | None = None
    dispute_reason: str | None = None


class Call(Table, table=True):
    """A call as it goes on. Its report exists from the first turn, under the id given here."""

    __table_args__ = (
        UniqueConstraint("source", "call_id"),
        Index("call_live", "heard_at", postgresql_where=text("state = 'live'")),
    )

    report_id: UUID = Field(primary_key=True)
    source: str
    call_id: str
    reference: str = Field(unique=True)
    given: dict[str, Any] = Field(sa_type=JSONB)
    state: str
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
    heard_at: datetime = Field(sa_type=DateTime(timezone=True))
    assessment: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    read_revision: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class CallOpening(Table, table=True):
    """What a call was opened with, as it came."""

    __tablename__ = "call_opening"

    report_id: UUID = Field(primary_key=True, foreign_key="call.report_id", ondelete="CASCADE")
    given: dict[str, Any] = Field(sa_type=JSONB)


class CallTurn(Table, table=True):
    """One turn of a call, as last corrected."""

    __tablename__ = "call_turn"

    report_id: UUID = Field(primary_key=True, foreign_key="call.report_id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    version: int
    id: UUID | None = None
    turn: dict[str, Any] = Field(sa_type=JSONB)


class Contact(Table, table=True):
    """How a reporter can be reached, apart from what they told: fewer people need it, and it can be erased alone."""

    report_id: UUID = Field(primary_key=True, foreign_key="report.id", ondelete="CASCADE")
    contact: dict[str, Any] = Field(sa_type=JSONB)


class Sealed(Table, table=True):
    """A draft, or a visit to the status page, that only the holder of its code can open."""

    place: bytes = Field(primary_key=True, sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = Field(index=True, sa_type=DateTime(timezone=True))


class Evidence(Table, table=True):
    """A file, sealed; `place` is its draft's until the report is sent, `report_id` its report's from then on."""

    id: UUID = Field(primary_key=True)
    number: int | None = Field(default=None, sa_type=BigInteger, sa_column_args=[Identity(always=True)])
    place: bytes | None = Field(default=None, index=True, sa_type=LargeBinary)
    report_id: UUID | None = Field(default=None, index=True, foreign_key="report.id", ondelete="CASCADE")
    name: str
    media_type: str
    size: int
    sha256: str
    sealed: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime | None = Field(default=None, index=True, sa_type=DateTime(timezone=True))


class Message(Table, table=True):
    """What a reporter may be told of their report's progress: words chosen from a list, never written."""

    event_id: UUID = Field(primary_key=True)
    report_id: UUID = Field(index=True)
    words: str
    at: datetime = Field(sa_type=DateTime(timezone=True))


class Partner(Table, table=True):
    """An organisation whose site sends people here, or builds the form in."""

    id: str = Field(primary_key=True)
    name: str
    colour: str
    origins: list[str] = Field(sa_type=JSONB)
    way_back: str | None = None


class PartnerKey(Table, table=True):
    """A program's key: its SHA-256, what it may do, and whether it still may."""

    __tablename__ = "partner_key"

    id: UUID = Field(primary_key=True)
    partner: str = Field(index=True, foreign_key="partner.id", ondelete="CASCADE")
    hash: str = Field(unique=True)
    scopes: list[str] = Field(sa_type=JSONB)
    made_at: datetime = Field(sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Erasure(Table, table=True):
    """That a report was erased, as everybody was told, kept to tell it again: no word of the report."""

    report_id: UUID = Field(primary_key=True)
    event: bytes = Field(sa_type=LargeBinary)


class Outbox(OutboxRow, Table, table=True):
    __table_args__ = (due_index(), Index("outbox_erasing", "id", postgresql_where=text(f"topic = '{ERASED}'")))
