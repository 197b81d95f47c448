"""What a reader believes it has seen."""

from dataclasses import dataclass
from typing import Final, Literal

LONGEST_QUOTE: Final = 500  # characters: what is quoted is quoted many times over, and goes with the report

Origin = Literal["text", "answer", "history", "model"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fact that a reader believes it has seen, with the words (None: the whole report)."""

    fact: str
    rule: str
    start: int | None = None
    end: int | None = None
    origin: Origin = "text"
    quote: str = ""
