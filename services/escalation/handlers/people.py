"""Somebody signs in to the pages, says how they want them, and signs out."""

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from services.escalation.domain.people import ABOVE_FORCES, WORKS_THE_QUEUE, Person, Preferences, Role, Theme
from services.escalation.errors import NotLetIn, WrongPassword
from services.escalation.repository import audit, directories, people
from services.escalation.repository.audit import Entry
from shared.database import Pool, transaction
from shared.security import sha256

SHIFT: Final = timedelta(hours=12)
"""How long a session lasts: one shift."""

HASHER: Final = PasswordHasher()
NOBODYS: Final = HASHER.hash(secrets.token_urlsafe(16))
"""Checked where the name is unknown, so that an answer takes as long as for a known one."""


async def let_in(person: Person, pool: Pool, by: str, now: datetime, password: str | None = None) -> None:
    """Let somebody sign in; with a password where the demo login is to take them. What is new in that is on record.

    Raises NotLetIn where the directory has nobody that they could work for: their board would be empty.
    """
    hashed = HASHER.hash(password) if password else None
    async with transaction(pool) as connection:
        directory = await directories.in_force(connection) if person.role not in ABOVE_FORCES else None
        if directory and (lacks := directory.lacks(person.belongs_to, force=person.role in WORKS_THE_QUEUE)):
            raise NotLetIn(f"Nobody can work there: {lacks}.")
        before = await people.standing(connection, person.id)
        await people.keep(connection, person, hashed)
        if before != (person.role, person.belongs_to):
            detail = {"person": person.id, "role": person.role, "belongs_to": person.belongs_to}
            await audit.record(connection, [Entry(now, by, "let somebody in", detail=detail)])


async def check_password(person_id: str, password: str, pool: Pool) -> None:
    """Raises WrongPassword, the same and after the same time whichever of the two is wrong."""
    async with transaction(pool) as connection:
        row = await people.person(connection, person_id)
    known = row["password_hash"] if row else None
    try:
        HASHER.verify(known or NOBODYS, password)
    except VerificationError as error:
        raise WrongPassword("Check the name and the password.") from error


async def sign_in(person_id: str, pool: Pool, now: datetime) -> str:
    """Open a session and return its token, which is kept nowhere but in the browser. Raises NotLetIn."""
    token = secrets.token_urlsafe(32)
    async with transaction(pool) as connection:
        if await people.person(connection, person_id) is None:
            raise NotLetIn("You were shut out of these pages: ask your administrator.")
        await audit.record(connection, [Entry(now, person_id, "signed in")])
        await people.open_session(connection, sha256(token), person_id, now, now + SHIFT)
    return token


async def who_is(token: str, pool: Pool, now: datetime) -> Person | None:
    async with transaction(pool) as connection:
        row = await people.signed_in(connection, sha256(token), now)
    return _person(row) if row else None


async def ends_at(person: Person, token: str, pool: Pool, now: datetime) -> datetime | None:
    """When their session ends; None where it has, or they are no longer who they were, for whom they were it."""
    async with transaction(pool) as connection:
        row = await people.signed_in(connection, sha256(token), now)
    return row["expires_at"] if row and (row["role"], row["belongs_to"]) == (person.role, person.belongs_to) else None


async def sign_out(token: str, pool: Pool) -> None:
    async with transaction(pool) as connection:
        await people.end_session(connection, sha256(token))


async def prefer(person: Person, wanted: Preferences, pool: Pool) -> None:
    async with transaction(pool) as connection:
        await people.prefer(connection, person.id, wanted.theme, wanted.muted, wanted.keys)


def _person(row: Any) -> Person:
    wanted = Preferences(Theme(row["theme"]), row["muted"], row["keys"])
    return Person(row["id"], row["name"], Role(row["role"]), row["belongs_to"], wanted)


async def names(ids: Collection[str], pool: Pool) -> dict[str, str]:
    """What those of these who are people are called; the others are programs."""
    async with transaction(pool) as connection:
        return await people.names(connection, ids)


async def everybody(pool: Pool) -> list[Any]:
    async with transaction(pool) as connection:
        return await people.everybody(connection)


async def let(person_id: str, active: bool, who: str, pool: Pool, now: datetime) -> None:
    """Shut somebody out at once, in every browser, or let them in again."""
    async with transaction(pool) as connection:
        await people.let(connection, person_id, active)
        action = "let in" if active else "shut out"
        await audit.record(connection, [Entry(now, who, action, detail={"person": person_id})])


async def shut_out(person_id: str, pool: Pool, now: datetime) -> None:
    """Shut out whoever comes under this id, known here or not: a restored database has not all that came since."""
    async with transaction(pool) as connection:
        await people.shut_out(connection, person_id)
        done = Entry(now, "heard escalation shut-out", "shut out", detail={"person": person_id})
        await audit.record(connection, [done])
