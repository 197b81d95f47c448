"""Who comes in: people at pages, and programs."""

from datetime import datetime

from sqlalchemy import ARRAY, Column, DateTime, String, text
from sqlmodel import Field

from services.escalation.models.base import Table


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
