"""The root of escalation's tables."""

from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class Table(SQLModel, registry=registry()):
    """The root of escalation's tables, apart from those of the other services."""
