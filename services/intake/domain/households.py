"""What a household or a reporter is known by: exact keys, kept only as HMACs under a key with an id."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from shared.events import ReportReceived
from shared.phones import phone_number
from shared.postcodes import found_in, postcode_of
from shared.security import sha256
from shared.told import Contact

LOOKED_AT: Final = 20_000  # characters
MOST_NUMBERS: Final = 8


class KeyKind(StrEnum):
    """A `place` is where likeness is looked for; each of the others is a link by itself."""

    place = "place"
    address = "address"
    phone = "phone"
    email = "email"


@dataclass(frozen=True, slots=True)
class Keyring:
    """What reporters' secrets are derived from, and the keys that households are known by, id -> key: newest first."""

    reporters: tuple[str, ...]
    households: Mapping[str, str]

    @classmethod
    def of(cls, secrets: tuple[str, ...], households: Mapping[str, str]) -> Self:
        """The household keys that are given, then one derived of each secret, which knowing it does not tell.

        So what was told before any was given is known still.
        """
        own = [hmac.digest(secret.encode(), b"households", hashlib.sha256).hex() for secret in secrets]
        return cls(secrets, {**households, **{f"derived {sha256(key)[:8]}": key for key in own}})


@dataclass(frozen=True, slots=True)
class HouseholdKey:
    kind: KeyKind
    key_id: str
    digest: bytes


def keys_of(report: ReportReceived, numbers: frozenset[str], ring: Keyring) -> tuple[HouseholdKey, ...]:
    """Every key of a report under every key of the ring, those of the newest first."""
    known = tuple(_known_by(report, numbers))
    return tuple(
        HouseholdKey(kind, key_id, hmac.digest(key.encode(), f"{kind}:{value}".encode(), hashlib.sha256))
        for key_id, key in ring.households.items()
        for kind, value in known
    )


def in_order_by(keys: Sequence[HouseholdKey], report_id: UUID) -> str:
    """What keeps events in order on Kafka: the household's key, or else the report's."""
    return keys[0].digest.hex() if keys else str(report_id)


def _known_by(report: ReportReceived, numbers: frozenset[str]) -> Iterator[tuple[KeyKind, str]]:
    if postcode := postcode_of(report.place) or next(iter(found_in(report.text[:LOOKED_AT])), None):
        yield KeyKind.place, postcode
        yield from ((KeyKind.address, f"{postcode} {number}") for number in sorted(numbers)[:MOST_NUMBERS])
    contact = report.contact or Contact()
    if phone := phone_number(contact.phone):
        yield KeyKind.phone, phone
    if contact.email and "@" in contact.email:
        yield KeyKind.email, contact.email.strip().casefold()
