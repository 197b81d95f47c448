"""Plain text: `CALLER: …`, a line for each turn, perhaps with a time before it."""

import re
from typing import Final

from services.intake.domain.transcripts.spoken import Spoken, Transcript, TranscriptFault

_LINE: Final = re.compile(
    r"^\s*(?:[\[(]?(?P<time>\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d+)?)[\])]?[\s-]*)?"
    r"(?P<name>[^\W\d_][\w .'/()-]{0,38}?)\s*:(?:\s+(?P<words>.*)|\s*)$"
)


def read_lines(text: str, notes: tuple[str, ...] = ()) -> Transcript:
    """Turns as lines; one without a name goes on with the turn before it. Raises TranscriptFault for no words."""
    spoken: list[Spoken] = []
    for line in text.splitlines():
        if match := _LINE.match(line):
            start = seconds(match["time"]) if match["time"] else None
            spoken.append(Spoken(match["name"].strip(), match["words"] or "", start))
        elif line.strip():
            _go_on(spoken, line.strip())
    if not any(said.text.strip() for said in spoken):
        raise TranscriptFault("line 1", "there are no words in it. Begin each turn as `CALLER: …` or `OPERATOR: …`.")
    silent = sum(not said.text.strip() for said in spoken)
    noted = (f"{silent} turns have no words",) if silent else ()
    return Transcript(tuple(said for said in spoken if said.text.strip()), (*notes, *noted))


def _go_on(spoken: list[Spoken], words: str) -> None:
    if not spoken:
        spoken.append(Spoken(None, words))
        return
    last = spoken[-1]
    spoken[-1] = Spoken(last.speaker, f"{last.text}\n{words}".strip(), last.start, last.end)


def seconds(written: str) -> float:
    """`1:02:03.5` or `02:03` as seconds."""
    total = 0.0
    for part in written.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total
