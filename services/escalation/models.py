"""Escalation's tables."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
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
                "kind = 'report' and settled_at is null and state in ('queued', 'seen', 'returned')"
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
    settled_at: datetime | None = Field(
        default=None, sa_type=DateTime(timezone=True), description="when a return or a missed target was dealt with"
    )


class DeliveryStep(Table, table=True):
    """What an agency did about a delivery, in order."""

    __tablename__ = "delivery_step"
    __table_args__ = (Index("delivery_step_report", "agency_id", "report_id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    agency_id: str
    report_id: UUID
    queue: str
    step: str
    note: str | None = None
    by: str
    at: datetime = Field(sa_type=DateTime(timezone=True))


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


class CaseReview(Table, table=True):
    """An ASB Case Review. `agency_id` is its panel; `timeline` is every complaint, counted or not, and why."""

    __tablename__ = "case_review"
    __table_args__ = (
        CheckConstraint("state in ('proposed', 'planned', 'closed')"),
        UniqueConstraint("id", "agency_id"),
    )

    id: UUID = Field(primary_key=True)
    agency_id: str
    report_id: UUID
    reference: str
    asked_by: str = Field(description="threshold, reporter or operator")
    offered: bool = Field(description="whether the reporter was offered it: never one who is anonymous")
    state: str = "proposed"
    timeline: list[dict[str, Any]] = Field(sa_type=JSONB)
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
    review_on: date | None = None
    outcome: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class CaseReviewReport(Table, table=True):
    """The reports that a review is about."""

    __tablename__ = "case_review_report"

    reference: str = Field(primary_key=True)
    review_id: UUID = Field(primary_key=True, foreign_key="case_review.id", ondelete="CASCADE")


def of_that_panel() -> ForeignKeyConstraint:
    """Nobody can pass for the panel of another's review."""
    return ForeignKeyConstraint(["review_id", "panel"], ["case_review.id", "case_review.agency_id"], ondelete="CASCADE")


class CaseReviewAgency(Table, table=True):
    """An agency invited to a review."""

    __tablename__ = "case_review_agency"
    __table_args__ = (of_that_panel(),)

    review_id: UUID = Field(primary_key=True)
    agency_id: str = Field(primary_key=True)
    panel: str
    invited_at: datetime = Field(sa_type=DateTime(timezone=True))


class CaseReviewAction(Table, table=True):
    """One line of a review's action plan. `owner` is the agency that does it."""

    __tablename__ = "case_review_action"
    __table_args__ = (Index("case_review_action_review", "review_id"), of_that_panel())

    id: UUID = Field(primary_key=True)
    review_id: UUID
    panel: str
    action: str
    owner: str
    due_on: date
    done_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    came_back_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class DirectoryVersion(Table, table=True):
    """Every directory that was loaded; the newest is in force."""

    __tablename__ = "directory_version"

    version: int | None = Field(default=None, primary_key=True)
    loaded_at: datetime = Field(sa_type=DateTime(timezone=True))
    body: dict[str, Any] = Field(sa_type=JSONB)


class Client(Table, table=True):
    """Who may ask for tokens: an agency's program, or a control room's."""

    id: str = Field(primary_key=True)
    role: str = Field(description="agency or operator")
    belongs_to: str = Field(description="the agency, or the police force whose queue it works")
    scopes: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False, server_default="{}"))


class ClientSecret(Table, table=True):
    """A client's secrets: two for as long as one takes over from the other."""

    __tablename__ = "client_secret"

    client_id: str = Field(primary_key=True, foreign_key="client.id", ondelete="CASCADE")
    secret_hash: str = Field(primary_key=True)
    expires_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Alert(Table, table=True):
    """Something that somebody must look at. One of each kind stands for an item at a time."""

    __table_args__ = (
        Index("alert_standing", "report_id", "kind", unique=True, postgresql_where=text("cleared_at is null")),
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


class AuditEntry(Table, table=True):
    """Who did what, and why. Append-only: the sealer alone adds `position` and `hash`, once."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("audit_entry_case", "report_id", "id"),
        Index("audit_entry_position", "position", unique=True),
        Index("audit_entry_unsealed", "id", postgresql_where=text("position is null")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    at: datetime = Field(sa_type=DateTime(timezone=True))
    who: str
    action: str
    report_id: UUID | None = None
    why: str
    detail: dict[str, Any] = Field(sa_type=JSONB)
    position: int | None = Field(default=None, sa_type=BigInteger)
    hash: bytes | None = Field(default=None, sa_type=LargeBinary)


class Person(Table, table=True):
    """Who signs in to pages. Only the demo login knows passwords; everybody else comes by OpenID Connect."""

    id: str = Field(primary_key=True)
    name: str
    role: str = Field(description="operator, supervisor, admin, auditor or agency")
    belongs_to: str = Field(description="the police force whose queue they work, or their agency")
    password_hash: str | None = Field(default=None, description="argon2; demo only")
    active: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    theme: str = Field(default="dark", sa_column_kwargs={"server_default": text("'dark'")})
    muted: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    keys: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})


class Session(Table, table=True):
    """A browser in which somebody is signed in. The token itself is in the browser alone."""

    token_hash: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    signed_in_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))


class Outbox(OutboxRow, Table, table=True):
    __table_args__ = (due_index(),)
