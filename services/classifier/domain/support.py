"""Support: the directory's entries that fit what the reporter's own report says, and which are due for a check."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from services.classifier.domain.established import Established
from services.classifier.domain.guide import Offence, SupportEntry
from shared.assessment import SupportOffered

CHECK_EVERY: Final = timedelta(days=182)


def offered(own: Established, directory: Iterable[SupportEntry]) -> tuple[SupportOffered, ...]:
    """What may be offered to the reporter, in the directory's order: by name alone where nobody checked a number."""
    return tuple(entry.offered for entry in own.touches(directory) if own.way(entry.fits))


def due(entries: Iterable[SupportEntry | Offence], today: date) -> Iterator[tuple[str, str]]:
    """Each entry that a person must look at, with why: never checked, or not for half a year."""
    for entry in entries:
        if entry.checked is None:
            yield entry.id, "never checked"
        elif stale(entry, today):
            yield entry.id, f"last checked {entry.checked.on.isoformat()}: {entry.checked.source}"


def stale(entry: SupportEntry | Offence, today: date) -> bool:
    """Whether an entry was checked, and that is half a year ago or longer."""
    return entry.checked is not None and today - entry.checked.on >= CHECK_EVERY
