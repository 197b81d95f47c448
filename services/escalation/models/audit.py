"""Who did what, and why."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.escalation.models.base import Table


class AuditEntry(Table, table=True):
    """Who did what, and why. Append-only: the sealer alone adds `position` and `hash`, once."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("audit_entry_case", "report_id", "id"),
        Index("audit_entry_position", "position", unique=True),
        Index("audit_entry_unsealed", "id", postgresql_where=text("position is null")),
        Index(
            "audit_entry_who",
            "who",
            "at",
            postgresql_where=text("who not in ('classifier', 'escalation', 'intake')"),
        ),
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
