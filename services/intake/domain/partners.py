"""Organisations that build the form in, and what their programs may do."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.told import PUBLIC

LEAST_CONTRAST: Final = 4.5  # WCAG 2.2, 1.4.3: white words on the partner's colour
COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
ORIGIN: Final = re.compile(r"https://[a-z0-9.-]+(:\d+)?|http://(localhost|127\.0\.0\.1)(:\d+)?")
ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Scope(StrEnum):
    """What a key is good for; `evidence` opens every file, and is for police alone."""

    reports = "reports"
    open311 = "open311"
    evidence = "evidence"


@dataclass(frozen=True, slots=True)
class Partner:
    """`origins` may put the form into a frame; `way_back` is where a link back goes."""

    id: str
    name: str
    colour: str
    origins: tuple[str, ...] = ()
    way_back: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it may be listed: never the key itself."""

    id: UUID
    partner: str
    scopes: tuple[Scope, ...]
    made_at: datetime
    revoked_at: datetime | None = None


def faults(partner: Partner, taken: Collection[str] = ()) -> list[str]:
    """What has to be mended before this partner can be let in; `taken` are names of other sources."""
    checks = (
        (ID.fullmatch(partner.id), "the id is small letters, digits and single dashes: northmoor-council"),
        (partner.id not in {PUBLIC, *taken}, f"another source is called {partner.id}: take another id"),
        (COLOUR.fullmatch(partner.colour), "the colour is # and six hexadecimal digits: #1d4f6f"),
        (all(ORIGIN.fullmatch(o) for o in partner.origins), "an origin is https://, a host, and no path"),
        ((partner.way_back or "https://").startswith("https://"), "the way back begins with https://"),
    )
    wrong = [words for right, words in checks if not right]
    if not wrong and contrast_with_white(partner.colour) < LEAST_CONTRAST:
        return [f"white words on {partner.colour} cannot be read by everybody: choose a darker one"]
    return wrong


def contrast_with_white(colour: str) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
