"""Calls: an operator's question is not the caller's statement, and a short answer is read with its question."""

import pytest

from services.classifier.domain.reading import Answered, read
from shared.codebook import Repetition, Threat
from shared.told import Channel, Speaker
from tests.classifier.building import said


def call(*lines: str) -> str:
    return "\n".join(lines)


def test_turns_have_speakers_and_offsets_of_the_original():
    text = call("OPERATOR: Has he hit you?", "CALLER: No.")
    operator, caller = read(text).turns
    assert (operator.speaker, caller.speaker) == (Speaker.operator, Speaker.caller)
    assert text[caller.start : caller.end] == "No."
    assert operator.answered is Answered.no


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        ("Yeah", Answered.yes),
        ("Oh aye, loads", Answered.yes),
        ("um yeah he did", Answered.yes),
        ("(tap)", Answered.yes),
        ("No no, never", Answered.no),
        ("Nah", Answered.no),
        ("He lives at 14", Answered.open),
    ],
)
def test_short_answers(answer, meant):
    assert read(call("OPERATOR: has he hit you", f"CALLER: {answer}")).turns[0].answered is meant


@pytest.mark.parametrize(
    ("answer", "level"), [("Yeah", Threat.explicit), ("No, never", Threat.none), ("His name is Lee", Threat.none)]
)
def test_the_operators_words_count_only_where_the_caller_says_yes(answer, level):
    text = call("CALLER: he shouts at me", "OPERATOR: Has he punched you?", f"CALLER: {answer}")
    assert said(text, channel=Channel.phone).threat is level


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("yeah loads", Repetition.repeated), ("every week", Repetition.repeated), ("no first time", Repetition.once)],
)
def test_asked_whether_before(answer, expected):
    text = call("CALLER: he followed me home", "OPERATOR: has he done it before", f"CALLER: {answer}")
    assert said(text, channel=Channel.phone).repetition is expected


def test_a_misheard_word_beside_following_is_read():
    text = call("CALLER: my ex is stocking me he keeps following me and watching my house")
    assert "S1" in said(text, channel=Channel.phone).behaviours
