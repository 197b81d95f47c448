"""What the second reader looks at: the caller's words, pairs of them, answered questions, the form, and what the
lexical reader found. The same functions serve training and reading, so that both see the same thing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from services.classifier.domain.reading import Answered, Reading
from services.classifier.domain.rules import Proposal
from shared.events import Answers, Speaker

WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)*|[!?£@]")
MOST_WORDS = 2000
REACH = 2
SHORTEST, LONGEST = 3, 5


def words(reading: Reading) -> list[str]:
    """The caller's words in order, at most MOST_WORDS; the operator's are left out."""
    if len(reading.turns) == 1:
        return WORD.findall(reading.text)[:MOST_WORDS]
    said: list[str] = []
    for turn in reading.turns:
        if turn.speaker is not Speaker.operator and len(said) < MOST_WORDS:
            said += WORD.findall(reading.text[turn.start : turn.end])
    return said[:MOST_WORDS]


def starts(reading: Reading) -> list[int]:
    """Where in the text the same words begin."""
    places: list[int] = []
    for turn in reading.turns:
        if turn.speaker is not Speaker.operator and len(places) < MOST_WORDS:
            places += [found.start() for found in WORD.finditer(reading.text, turn.start, turn.end)]
    return places[:MOST_WORDS]


def grams(word: str) -> list[str]:
    """The pieces of a word, its ends marked: how a word never seen is read by its likeness to those that were."""
    marked = f"<{word}>"
    return [marked[at : at + n] for n in range(SHORTEST, LONGEST + 1) for at in range(len(marked) - n + 1)]


def beside(reading: Reading, answers: Answers) -> list[str]:
    """The signals that are no words of the caller: the channel, the form, each question with its yes or no."""
    seen = ["channel=phone" if len(reading.turns) > 1 else "channel=web"]
    if answers.times:
        seen.append(f"times={answers.times}")
    seen += [f"feeling={feeling.lower()}" for feeling in answers.feeling[:8]]
    if answers.reported_before:
        seen.append("reported_before")
    if answers.happening_now:
        seen.append("happening_now")
    return [*seen, *_answered(reading)]


def _answered(reading: Reading) -> Iterator[str]:
    for turn in reading.turns[:200]:
        if turn.speaker is Speaker.operator and turn.answered is not Answered.open:
            for word in sorted(set(WORD.findall(reading.text[turn.start : turn.end][:300]))):
                yield f"asked={word}|{turn.answered}"


def found(shown: Mapping[str, Sequence[Proposal]]) -> list[str]:
    """What the lexical reader and the form established, and the rules that gave it, as signals."""
    names = {f"fact={fact}" for fact in shown}
    names |= {f"rule={p.rule}" for seen in shown.values() for p in seen if p.origin == "text"}
    return sorted(names)


def pairs(ids: Sequence[int], size: int) -> Iterator[int]:
    """A key for each two known words at most REACH apart, in order; `ids` are below `size`, 0 is an unknown word."""
    for reach in range(1, REACH + 1):
        base = reach * size
        for first, second in zip(ids, ids[reach:], strict=False):
            if first and second:
                yield (base + first) * size + second
