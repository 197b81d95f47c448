"""ASB Case Reviews, and their panels' plans."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.escalation.models.base import Table


class CaseReview(Table, table=True):
    """An ASB Case Review. `agency_id` is its panel; `timeline` is every complaint, counted or not, and why."""

    __tablename__ = "case_review"
    __table_args__ = (
        CheckConstraint("state in ('proposed', 'planned', 'closed')"),
        UniqueConstraint("id", "agency_id"),
    )

    id: UUID = Field(primary_key=True)
    agency_id: str
    report_id: UUID = Field(index=True)
    reference: str = Field(index=True)
    asked_by: str = Field(description="threshold, reporter or operator")
    offered: bool = Field(
        description="whether the reporter was offered it: never one who is anonymous, or for others' complaints"
    )
    state: str = "proposed"
    timeline: list[dict[str, Any]] = Field(sa_type=JSONB)
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
    review_on: date | None = None
    outcome: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    told: list[UUID] | None = Field(
        default=None,
        sa_column=Column(ARRAY(Uuid())),
        description="the reports whose reporters hear of it; None: the one that it began with, where offered",
    )
    asked: list[UUID] | None = Field(
        default=None,
        sa_column=Column(ARRAY(Uuid())),
        description="those of them whose reporters ask for it; None: the one that it began with, where it was one",
    )


class CaseReviewReport(Table, table=True):
    """The reports that a review is about."""

    __tablename__ = "case_review_report"

    reference: str = Field(primary_key=True)
    review_id: UUID = Field(primary_key=True, foreign_key="case_review.id", ondelete="CASCADE", index=True)


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
    __table_args__ = (
        Index("case_review_action_review", "review_id"),
        Index("case_review_action_late", "due_on", postgresql_where=text("done_at is null and came_back_at is null")),
        of_that_panel(),
    )

    id: UUID = Field(primary_key=True)
    review_id: UUID
    panel: str
    action: str
    owner: str
    due_on: date
    done_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    came_back_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
