"""The lexical reader: patterns as data over one pass, then the scope of each hit by clause and sentence."""

from collections.abc import Iterator
from itertools import islice

from services.classifier.domain.proposals import LONGEST_QUOTE, Proposal
from services.classifier.domain.reading import Answered, Reading, Turn
from services.classifier.domain.rules import Rule, Rulebook, Scope
from shared.told import Speaker

MOST_LOOKED_AT = 40
BEFORE = 70
AFTER = 40
OF_THE_CALLER = "reporter"
"""The test of scope by who "I" is: in the background that is somebody else."""


def lexical(reading: Reading, rulebook: Rulebook) -> Iterator[Proposal]:
    """Every fact that a rule's words show, where the scope of those words lets them count."""
    for index, lines in _matched(reading, rulebook).items():
        rule, tests = rulebook.rules[index], rulebook.tests[index]
        for start, whole in islice(_apart(_counting(reading, rule, tests, lines, rulebook)), rule.most):
            end = min(whole, start + LONGEST_QUOTE)
            for fact in rule.facts:
                yield Proposal(fact, rule.id, start, end, quote=reading.original[start:end])


def _apart(places: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Without those that lie within one before them."""
    kept: list[tuple[int, int]] = []
    for start, end in places:
        if not any(first <= start and end <= last for first, last in kept):
            kept.append((start, end))
            yield start, end


def _matched(reading: Reading, rulebook: Rulebook) -> dict[int, list[int]]:
    """The rules that occur, in order, with those of the finder's patterns that do."""
    found: dict[int, list[int]] = {}
    for line in rulebook.finder.occurring(reading.normal):
        found.setdefault(rulebook.lines[line][0], []).append(line)
    return found


def _counting(
    reading: Reading, rule: Rule, tests: tuple[Scope, ...], lines: list[int], rulebook: Rulebook
) -> Iterator[tuple[int, int]]:
    for start, end in _places(reading, lines, rulebook):
        turn = reading.turn_at(start)
        asked = (s for s in tests if s.id != OF_THE_CALLER or turn.speaker is not Speaker.background)
        if _spoken_for(turn, end, rule) and not any(_out(reading, start, end, s) for s in asked):
            yield start, end


def _places(reading: Reading, lines: list[int], rulebook: Rulebook) -> Iterator[tuple[int, int]]:
    """Where the patterns occur; two that begin together are one."""
    seen: set[int] = set()
    for line in lines:
        for found in islice(rulebook.finder.patterns[line].finditer(reading.normal.data), MOST_LOOKED_AT):
            start, end = (reading.normal.char(byte) for byte in found.span())
            if start not in seen:
                seen.add(start)
                yield start, end


def _spoken_for(turn: Turn, end: int, rule: Rule) -> bool:
    """The operator's words count only where the caller said yes to them, or where the rule reads across turns.

    Of a rule about the caller's own words nobody else's do, nor of one about the operator's.
    """
    if "caller" in rule.scope:
        return turn.speaker is Speaker.caller
    if "by_operator" in rule.scope:
        return turn.speaker is Speaker.operator
    if turn.speaker is not Speaker.operator or end > turn.end or "operator" in rule.scope:
        return True
    return turn.answered is Answered.yes and "unanswered" not in rule.scope


def _out(reading: Reading, start: int, end: int, scope: Scope) -> bool:
    said = _part(reading, start, end, scope)
    if scope.cue.search(said) is None:
        return False
    return scope.unless is None or scope.cue.search(scope.unless.sub(" ", said)) is not None


def _part(reading: Reading, start: int, end: int, scope: Scope) -> str:
    text, within = reading.text, min(end, start + LONGEST_QUOTE)
    if scope.where == "near":
        return text[max(0, start - 25) : start]
    if scope.where == "through":
        return text[max(reading.sentence_at(start)[0], start - BEFORE) : within]
    if scope.where == "after":
        return text[end : min(end + AFTER, reading.clause_at(max(start, end - 1))[1] + AFTER)]
    if scope.where == "within":
        return text[start:within]
    if scope.where == "passage":
        first = reading.sentence_at(start)[0]
        return text[max(first, start - BEFORE) : start] + "\x01" + text[start : within + 4 * BEFORE]
    first, last = reading.sentence_at(start) if scope.where == "sentence" else reading.clause_at(start)
    if scope.where == "around":
        return text[max(first, start - 2 * BEFORE) : min(max(last, within), within + 2 * BEFORE)]
    if scope.where == "before":
        return text[max(first, start - BEFORE) : start]
    return text[max(first, start - 2 * BEFORE) : start] + " \x01 " + text[end : min(max(last, end), end + 2 * BEFORE)]
