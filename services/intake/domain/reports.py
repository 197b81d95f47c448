"""A report's reference, its secret, its lane, and what a reporter may be told of its progress."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.events import Lane, ReportReceived
from shared.references import letters_and_digits
from shared.screen import screen
from shared.security import sha256
from shared.told import TRAILS_OFF, Answers, Speaker, Turn, told_beside

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing to mistake when read out on the phone
PAIRS: Final = tuple(one + other for one in ALPHABET for other in ALPHABET)
SECRET_BYTES: Final = 15  # 120 bits
MAX_REPORT: Final = 4 * 2**20  # bytes as an event: its reading holds it whole, with as much again, in one message


class Stage(StrEnum):
    """How far a report has come, in words that give nothing away (design.md 12)."""

    received = "received"
    with_the_people_who_can_act = "with the people who can act on it"


def new_reference() -> str:
    """Ten characters, 50 bits: `H-4K7QX-9M2TB`."""
    ten = "".join(secrets.choice(PAIRS) for _ in range(5))
    return f"H-{ten[:5]}-{ten[5:]}"


def normalised_secret(given: str) -> str:
    """A secret as a person may type it: lower case, with spaces or dashes, 0 for O, 1 for I, 8 for B."""
    return letters_and_digits(given).translate(str.maketrans("018", "OIB"))


def in_fours(letters: str) -> str:
    """A secret or a code as it is shown to whoever has to write it down."""
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def reporters_secret(key: str, report_id: UUID) -> str:
    """The secret that opens a report's status page: the same whenever it is derived, and never kept."""
    digest = hmac.digest(key.encode(), report_id.bytes, hashlib.sha256)
    return base64.b32encode(digest[:SECRET_BYTES]).decode()


def secret_given(keys: Sequence[str], report_id: UUID, kept: str | None) -> str:
    """The secret of a report of which this SHA-256 was kept, whichever key it was derived from; else of the newest."""
    derived = [reporters_secret(key, report_id) for key in keys]
    return next((secret for secret in derived if sha256(secret) == kept), derived[0])


def fits(report: ReportReceived) -> bool:
    """Whether it can go its whole way as messages, however it is escaped and whatever is said of it there."""
    return len(report.model_dump_json().encode()) <= MAX_REPORT


def written(report: ReportReceived) -> Iterator[str]:
    """All that somebody wrote or said: the story, the words of every answer and of the place, what turns cut apart."""
    yield report.text
    yield from (words for _, words in told_beside(report.answers, report.place))
    yield from _together(report.turns)


def _together(turns: Sequence[Turn]) -> Iterator[str]:
    """What each spoke, as one, and all that is not the operator's: a recogniser cuts where somebody draws breath.

    It may end a sentence there, or let it trail off, so what ends a turn is left out.
    """
    if len(turns) > 1:
        for together in (set(Speaker) - {Speaker.operator}, *({speaker} for speaker in Speaker)):
            yield " ".join(turn.text.rstrip(TRAILS_OFF) for turn in turns if turn.speaker in together)


def in_its_lane(report: ReportReceived) -> ReportReceived:
    """The report, screened, in the lane that its words ask for."""
    screened = screen(*written(report))
    return report.model_copy(update={"screened": screened, "lane": lane_of(report.answers, screened)})


def lane_of(answers: Answers, screened: Sequence[str]) -> Lane:
    """Urgent where somebody says that there is danger now, or the screen fired (design.md 3)."""
    return Lane.urgent if answers.happening_now or screened else Lane.ordinary


def stage_of(routed: bool) -> Stage:
    return Stage.with_the_people_who_can_act if routed else Stage.received
