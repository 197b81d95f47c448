"""Calls: an operator's question is not the caller's statement, and a short answer is read with its question."""

import pytest

from services.classifier.domain.reading import Answered, read
from shared.codebook import Flag, Repetition, Threat
from shared.told import Call, Channel, Line, Speaker
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
        ("He has never hit me", Answered.open),
        ("They have never, no", Answered.open),
        ("He did nothing", Answered.open),
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


ASKED = "OPERATOR: Has he threatened to kill you?"


@pytest.mark.parametrize(
    ("lines", "meant"),
    [
        (("BACKGROUND: Who are you talking to?", "CALLER: Yes."), Answered.yes),
        (("BACKGROUND: No, she's lying", "BACKGROUND: Put it down", "CALLER: Yes."), Answered.yes),
        (("BACKGROUND: Yeah!",), Answered.open),
        (("BACKGROUND: Yeah!", "CALLER: No."), Answered.no),
        (("OPERATOR: Can you hear me?", "CALLER: Yes."), Answered.yes),
        (("OPERATOR: Hello?", "OPERATOR: Are you there?", "CALLER: Yes."), Answered.open),
    ],
)
def test_nobody_answers_for_the_caller(lines, meant):
    assert read(call(ASKED, *lines)).turns[0].answered is meant


@pytest.mark.parametrize("heard", ["Who are you talking to?", "No she's lying"])
def test_a_threat_that_the_caller_confirms_over_somebody_else_counts(heard):
    text = call(ASKED, f"BACKGROUND: {heard}", "CALLER: Yes.")
    assert said(text, channel=Channel.phone).threat is Threat.explicit


@pytest.mark.parametrize(
    ("asked", "answer", "level"),
    [
        ("Has he ever hit you or threatened to kill you?", "He has never hit me.", Threat.none),
        ("Has he got a weapon, is he armed?", "He has nothing.", Threat.none),
        ("Is he hurting you?", "He is not, he just shouts.", Threat.none),
        ("Is he hurting you?", "He is not stopping.", Threat.explicit),
        ("Has he hit you?", "He has.", Threat.explicit),
        ("Has he hit you?", "Yes he has, he is never sorry.", Threat.explicit),
    ],
)
def test_never_is_no_yes(asked, answer, level):
    text = call(f"OPERATOR: {asked}", f"CALLER: {answer}")
    assert said(text, channel=Channel.phone).threat is level


@pytest.mark.parametrize("heard", ["I'm going to kill her", "I'll stab him", "I'm going to burn the house down"])
def test_what_is_shouted_in_the_background_is_no_threat_of_the_reporters(heard):
    found = said(call("CALLER: please send someone", f"BACKGROUND: {heard}"), channel=Channel.phone)
    assert found.threat is Threat.imminent
    assert Flag.reporter_threat not in found.flags


@pytest.mark.parametrize(
    "promised", ["I'll have them with you in ten minutes, okay?", "I'll put that on the log, all right?"]
)
def test_what_an_operator_promises_is_no_threat_of_the_reporters(promised):
    assert not said(call(f"OPERATOR: {promised}", "CALLER: Yeah."), channel=Channel.phone).flags


def test_a_callers_own_threat_is_still_noted():
    found = said(call("OPERATOR: Police?", "CALLER: If he comes back I'll kill him."), channel=Channel.phone)
    assert Flag.reporter_threat in found.flags


@pytest.mark.parametrize(
    ("lines", "line", "near"),
    [
        (
            ("OPERATOR: Hello, police, how can I help?", "CALLER: I'd gone to get a takeaway and my bin was gone."),
            Line.non_emergency,
            False,
        ),
        (
            (
                "OPERATOR: If it's an emergency hang up and dial 999.",
                "CALLER: Last week the lad next door called me names, he had a bottle.",
            ),
            Line.non_emergency,
            False,
        ),
        (("OPERATOR: Caller, can you talk?", "CALLER: (tap)"), Line.emergency, True),
        (("OPERATOR: Hello, police.", "CALLER: (tap)"), None, True),
    ],
)
def test_which_number_was_rung_is_known_by_the_line(lines, line, near):
    found = said(call(*lines), channel=Channel.phone, call=Call(line=line))
    assert (found.threat is Threat.imminent) is near


@pytest.mark.parametrize(
    ("answer", "harm"), [("I have never.", False), ("I am not okay, I am", True), ("I have.", True)]
)
def test_who_never_thought_of_harming_themselves_is_no_risk(answer, harm):
    text = call("OPERATOR: Have you thought of hurting yourself?", f"CALLER: {answer}")
    assert (Flag.self_harm in said(text, channel=Channel.phone).flags) is harm
