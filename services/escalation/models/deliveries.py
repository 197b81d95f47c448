"""What agencies are sent, what they do about it, and the directory that says who they are."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.escalation.models.base import Table


class AgencyCounter(Table, table=True):
    """How many deliveries an agency's feed holds: moved on once for each batch, so that no position is skipped."""

    __tablename__ = "agency_counter"

    agency_id: str = Field(primary_key=True)
    position: int = Field(sa_type=BigInteger)


class Delivery(Table, table=True):
    """An entry of an agency's feed. Positions of one agency are 1, 2, 3 … in the order of commit.

    The entry of kind `report` is the delivery itself: it alone has a body, cut down to what the agency's kind may see,
    and a state. A correction, a withdrawal or an erasure is one more entry about it. Row-level security (FORCE): an
    agency sees its own and nothing else.
    """

    __table_args__ = (
        Index(
            "delivery_report", "agency_id", "report_id", "queue", unique=True,
            postgresql_where=text("kind = 'report'"),
        ),
        Index(
            "delivery_unsettled", "acknowledge_by",
            postgresql_where=text(
                "kind = 'report' and settled_at is null and state in ('queued', 'seen') and acknowledge_by is not null"
            ),
        ),
        Index(
            "delivery_returned", "acknowledge_by", "position",
            postgresql_where=text("kind = 'report' and state = 'returned' and settled_at is null"),
        ),
        Index(
            "delivery_to_do", "agency_id", text("(state = 'acknowledged')"), "acknowledge_by", "position",
            postgresql_where=text("kind = 'report' and state in ('queued', 'seen', 'acknowledged')"),
        ),
        Index(
            "delivery_done", "agency_id", "position",
            postgresql_where=text("kind = 'report' and state in ('closed', 'returned')"),
        ),
        Index(
            "delivery_open", "report_id",
            postgresql_where=text(
                "kind = 'report' and state in ('queued', 'seen', 'acknowledged') and acknowledge_by is not null"
            ),
        ),
    )  # fmt: skip

    agency_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True, sa_type=BigInteger)
    report_id: UUID = Field(index=True)
    queue: str
    reason: str
    ground: str
    delivered_at: datetime = Field(sa_type=DateTime(timezone=True))
    kind: str = Field(default="report", description="report, corrected, withdrawn or erased")
    reference: str | None = None
    received_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    body: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    state: str = Field(default="queued", description="queued, seen, acknowledged, returned, closed, withdrawn, erased")
    seen_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    acknowledge_by: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    acknowledged_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    closed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    returned_for: str | None = Field(default=None, description="the agency that it is for, where they said")
    outcome: str | None = None
    by_hand: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": text("false")},
        description="passed on by an agency or a person, not by the rules: only a person takes it back",
    )
    changed: bool = Field(
        default=False,
        sa_column_kwargs={"server_default": text("false")},
        description="corrected since its agency took it on, and nothing done about it since",
    )
    settled_at: datetime | None = Field(
        default=None, sa_type=DateTime(timezone=True), description="when a return or a missed target was dealt with"
    )


class DeliveryStep(Table, table=True):
    """What an agency did about a delivery, in order."""

    __tablename__ = "delivery_step"
    __table_args__ = (Index("delivery_step_report", "agency_id", "report_id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    agency_id: str
    report_id: UUID = Field(index=True)
    queue: str
    step: str
    note: str | None = None
    by: str
    at: datetime = Field(sa_type=DateTime(timezone=True))
    key: UUID | None = Field(default=None, description="of the Idempotency-Key that it was sent with")


class Webhook(Table, table=True):
    """Where an agency is told of new entries. `pending_to` is the end of what is being told, the same at each retry."""

    agency_id: str = Field(primary_key=True)
    url: str
    secret: str
    sent_to: int = Field(sa_type=BigInteger)
    pending_to: int | None = Field(default=None, sa_type=BigInteger)
    attempts: int = 0
    failing_since: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    due_at: datetime = Field(sa_type=DateTime(timezone=True))
    gave_up_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class DirectoryVersion(Table, table=True):
    """Every directory that was loaded; the newest is in force."""

    __tablename__ = "directory_version"

    version: int | None = Field(default=None, primary_key=True)
    loaded_at: datetime = Field(sa_type=DateTime(timezone=True))
    body: dict[str, Any] = Field(sa_type=JSONB)
