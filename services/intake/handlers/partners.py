"""What happens with partners: registered, looked up for a page, given keys, and known by them."""

import asyncio
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import structlog

from services.intake.domain import partners as domain
from services.intake.domain.partners import Key, Partner, Scope
from services.intake.errors import PartnerRefused, UnknownPartner
from services.intake.repository import partners
from shared.database import ANY_FAULT, DatabaseUnavailable, Pool, statement, transaction
from shared.security import sha256

log = structlog.get_logger()

FRESH: Final = timedelta(minutes=1)


async def register(partner: Partner, pool: Pool, taken: Collection[str] = ()) -> None:
    """Let a partner in, or change it. Raises PartnerRefused, naming what to mend.

    `taken` are the sources that have a key in KEYS: of two of one name each would have the other's calls.
    """
    if wrong := domain.faults(partner, taken):
        raise PartnerRefused("; ".join(wrong))
    async with statement(pool) as connection:
        await partners.register(connection, partner)


async def make_key(partner: str, scopes: Sequence[Scope], pool: Pool, now: datetime) -> tuple[Key, str]:
    """A key and its secret, which is shown this once. Raises UnknownPartner."""
    key, secret = Key(uuid4(), partner, tuple(scopes), now), secrets.token_urlsafe(32)
    async with transaction(pool) as connection:
        if await partners.one(connection, partner) is None:
            raise UnknownPartner(f"Register it first: heard intake partner {partner}")
        await partners.add_key(connection, key, sha256(secret))
    return key, secret


async def revoke(key: UUID, pool: Pool, now: datetime) -> bool:
    """Good for nothing from now on; False where there is no such key."""
    async with statement(pool) as connection:
        return await partners.revoke(connection, key, now)


async def keys(pool: Pool) -> list[Key]:
    async with statement(pool) as connection:
        return await partners.keys(connection)


async def key_of(secret: str, scope: Scope, pool: Pool) -> Key | None:
    """The key that this is, where it is good for `scope`."""
    async with statement(pool) as connection:
        key = await partners.holder(connection, sha256(secret))
    return key if key and scope in key.scopes else None


async def holder_of(secret: str, scope: Scope, pool: Pool) -> str | None:
    """Whose key this is, where it is good for `scope`."""
    key = await key_of(secret, scope, pool)
    return key.partner if key else None


@dataclass
class Partners:
    """Partners as pages need them, and whose their keys are: remembered for a minute, longer without the database."""

    pool: Pool
    _known: dict[str, tuple[datetime, Partner]] = field(default_factory=dict)
    _holders: dict[str, str] = field(default_factory=dict)

    async def of(self, partner: str, now: datetime) -> Partner:
        """Raises UnknownPartner."""
        at, known = self._known.get(partner, (None, None))
        if known and at and now - at < FRESH:
            return known
        try:
            async with statement(self.pool) as connection:
                found = await partners.one(connection, partner)
        except DatabaseUnavailable:
            if known:
                return known
            raise
        if found is None:
            raise UnknownPartner("Check the address: no partner is known by this name.")
        self._known[partner] = now, found
        return found

    def holder(self, secret: str) -> str | None:
        """Whose key this was when keys were last learnt: enough to count by, and never to let anybody in."""
        return self._holders.get(sha256(secret))

    async def learn_keys(self) -> None:
        async with statement(self.pool) as connection:
            self._holders = await partners.holders(connection)

    async def run(self) -> None:
        """Learn them, every minute, until cancelled."""
        while True:
            try:
                await self.learn_keys()
            except ANY_FAULT as error:
                log.warning("partners' keys were not learnt", reason=type(error).__name__)
            await asyncio.sleep(FRESH.total_seconds())
