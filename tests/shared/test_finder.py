"""No pattern is passed over where it occurs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import re2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.classifier import rulebook
from shared.finder import Finder, WrongPatternError
from shared.patterns import expand, normalise, options
from shared.screen import words

RULEBOOK = rulebook.load()
WRITTEN = [pattern for rule in RULEBOOK.rules for pattern in rule.patterns]
DATA = Path(__file__).parents[1] / "data"


def occurring(finder: Finder, text: str) -> list[int]:
    """Which patterns do occur, each of them tried."""
    data = normalise(text).data
    return [at for at, pattern in enumerate(finder.patterns) if pattern.search(data)]


def told() -> Iterator[str]:
    for line in (DATA / "judge.jsonl").read_text().splitlines():
        yield json.loads(line)["text"]
    for rule in RULEBOOK.rules:
        yield from (*rule.hits, *rule.misses)


def test_whatever_occurs_in_real_reports_and_in_the_rules_own_examples_is_found() -> None:
    finder, found = RULEBOOK.finder, 0
    for text in told():
        there = occurring(finder, text)
        assert set(there) <= set(finder.may_occur(normalise(text).text)), text
        found += len(there)
    assert found > 3_000


@given(st.data())
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
def test_whatever_a_pattern_matches_is_found(data: st.DataObject) -> None:
    at = data.draw(st.sampled_from(range(len(WRITTEN))))
    text = normalise(data.draw(st.from_regex(expand(WRITTEN[at], words())))).text
    if RULEBOOK.finder.patterns[at].search(text.encode()):
        assert at in RULEBOOK.finder.may_occur(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("kill (?:you|him)", "i'll kill, him"),
        ("(?:hit|hits?) (?:\\w+ ){0,2}me", "he hits me"),
        ("(?:hit|hits?) (?:\\w+ ){0,2}me", "he hit again and me"),
        ("won't(?: ever)? stop", "he wont stop"),
        ("caf\u00e9", "in the caf\u00e9."),
        ("~\\Bing", "shouting"),
        ("~[\U0001f52a\U0001f52b]", "\U0001f52a"),
        ("a[bc]+d", "abcbd"),
        ("x(?:yy)*z", "xz"),
        ("(?:\\w+ )?(?:or|\\d+) not", "7 not"),
        ("(?:queer|f[*a@]+g\\w*)", "that f**got"),
        ("(?:slur|p\\W+ki)s?", "a p-ki"),
        ("(?:he|\\w+ing){1,2} ?(?:,x|y)", "he,x"),
        ("(?:[2-9]|ten)(?:st|th)* times", "7thth times"),
    ],
)
def test_what_a_pattern_needs_is_never_more_than_it_says(pattern: str, text: str) -> None:
    finder = Finder([pattern], {})
    assert occurring(finder, text) == finder.may_occur(normalise(text).text) == [0]


def test_a_pattern_is_passed_over_where_its_words_are_not() -> None:
    finder = Finder(["kill (?:you|him)", "{who} {did} me", "(?:\\w+ ){0,3}"], {"who": "he|she", "did": "hit|kicked"})
    assert finder.may_occur(normalise("She kicked me. I will kill you").text) == [0, 1, 2]
    assert finder.may_occur(normalise("The skills of you all; he kicks me").text) == [2]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(?:slur|p\\W+ki)s?", "a cup kit"),
        ("(?:queer|f[*a@]+g\\w*)", "from the flag"),
        ("(?:\\d{1,2} times|dozens)", "many times"),
        ("(?:{kin}|his \\w+) hit(?: me)?", "whitewashed"),
    ],
)
def test_words_are_looked_for_between_their_edges(pattern: str, text: str) -> None:
    assert Finder([pattern], {"kin": "mum|dad"}).may_occur(normalise(text).text) == []


def test_what_is_rare_where_people_tell_is_looked_for() -> None:
    axe, told = (
        "(?:operator|caller): [^\\n]*\\bbecause\\b[^\\n]* axe",
        ["operator: because? caller: because it is"] * 99,
    )
    without = normalise("Operator: why? Caller: because it is cold").text
    assert (Finder([axe], {}).may_occur(without), Finder([axe], {}, told).may_occur(without)) == ([0], [])
    assert Finder([axe], {}, told).may_occur(normalise("caller: because he has an axe").text) == [0]


def test_what_python_cannot_read_is_refused_with_the_pattern() -> None:
    assert re2.compile(expand(r"~\pN+", {}), options())
    with pytest.raises(WrongPatternError, match=r"bad escape .p.*: ~.pN"):
        Finder([r"~\pN+"], {})
