"""Danger told in another box than the story's, and nothing else of what stands there."""

import pytest

from services.classifier.domain.account import account
from services.classifier.domain.assess import assess
from services.classifier.domain.facts import establish
from services.classifier.domain.proposals import Proposal
from services.classifier.rulebook import load_second
from shared.codebook import DangerClass, Flag, Label, Threat
from shared.told import Answers, History, Place, Times
from tests.classifier.building import BOOK, report, said

DULL = "The music next door was loud on Saturday."
TOLD_IN_VAIN = Answers(times=Times.more, feeling=("fed up, I told the council and nothing was done",))
IN_A_BOX = [
    {"party": "ex partner, he has got a knife and says he'll kill me"},
    {"when": "out in the street now with a knife"},
    {"feeling": ("scared", "she said she will stab me tonight")},
    {"reported_to": "I rang in May when he threatened to burn the house down with us in it"},
    {"safe_contact": "By phone. When: mornings Never: he said he will kill me if he finds out"},
    {"wanted": "somebody to stop him before tonight, he told me he is going to kill us"},
]


@pytest.mark.parametrize("given", IN_A_BOX, ids=lambda given: next(iter(given)))
def test_a_threat_counts_in_whatever_box_it_stands(given):
    (name,) = given
    read = said(DULL, answers=Answers(**given))
    assert read.danger_class <= DangerClass.violence_threatened
    (shown, *_) = [one for one in read.evidence if one.fact == "F7.explicit"]
    assert (shown.origin, shown.start, shown.end) == ("answer", None, None)
    assert shown.rule.startswith(f"answer.{name}.F7.explicit.")
    assert any(shown.quote in words for words in [*given.values(), *given[name]])


@pytest.mark.parametrize("given", IN_A_BOX, ids=lambda given: next(iter(given)))
def test_no_model_doubts_it(given):
    assert assess(report(DULL, answers=Answers(**given)), load_second()).danger_class <= DangerClass.violence_threatened


@pytest.mark.parametrize(
    ("felt", "times"),
    [
        ("let down, nothing gets done", 1),
        ("I've reported it to the police three times", 3),
    ],
)
def test_how_it_felt_may_say_that_it_was_reported_before(felt, times):
    told = report("Music every night.", answers=Answers(feeling=(felt,)))
    for rules in (BOOK, load_second()):
        assert assess(told, rules).reported_before == times


def test_that_nothing_was_done_is_no_count_of_complaints():
    offered = {one.id for one in account(report(DULL, answers=TOLD_IN_VAIN), BOOK).support}
    assert "case_review" in offered
    counted = TOLD_IN_VAIN.model_copy(update={"reported_before": 1})
    assert "case_review" not in {one.id for one in account(report(DULL, answers=counted), BOOK).support}


def test_a_threat_counts_where_the_place_is_told():
    assert said(DULL, place=Place(words="the garage, he says he will burn my house down")).threat is Threat.explicit


def test_somebody_who_wants_to_die_is_heard_in_any_box():
    assert Flag.self_harm in said(DULL, answers=Answers(wanted="I just want to kill myself")).flags


@pytest.mark.parametrize(
    "given",
    [
        {"party": "tall, always shouting, follows people, plays his music all night and calls everyone names"},
        {"party": "He never said that he would hurt me"},
        {"safe_contact": "By phone. Never: don't ring after six, he is home"},
        {"reported_to": "the council, in May, reference 12"},
    ],
)
def test_a_description_is_no_behaviour_and_what_was_not_threatened_no_threat(given):
    read, plain = said(DULL, answers=Answers(**given)), said(DULL)
    assert (read.behaviours, read.threat, read.danger_class) == (plain.behaviours, Threat.none, plain.danger_class)
    assert read.labels == (Label.asb,)


def test_when_not_to_ring_says_where_somebody_is_each_day_and_not_that_they_come_now():
    told = "Last week he said he would kill me."
    at_home = said(told, answers=Answers(safe_contact="Never: after six, he is at my house"))
    assert at_home.danger_class is said(told).danger_class is DangerClass.violence_threatened
    assert not at_home.happening_now
    now = said(told, answers=Answers(safe_contact="Never: he is at my house now and has a knife"))
    assert now.danger_class is DangerClass.life_at_risk


def test_what_danger_follows_from_counts_beside_the_story():
    """Each part of a threat, of now and of self-harm that its rules ask for; behaviours and other facts do not."""
    not_danger = {"X.matter", "X.emergency_call", "X.silent", "X.another_day", "F10.answer", "F10"}
    asked = {
        term.lstrip("0123456789")
        for rule in BOOK.derivations
        if rule.fact.startswith(("F7.", "F10", "F12.self_harm", "X.life"))
        for term in rule.when
        if not term.startswith("!")
    }
    facts = {fact for term in asked for fact in (BOOK.sets[term[1:]] if term.startswith("@") else (term,))}
    parts = {fact for fact in facts if fact.startswith(("F7.", "F10", "F12.self_harm", "X."))} - not_danger
    assert parts <= BOOK.sets["danger_beside"]


def test_occasions_told_beside_the_story_are_not_the_storys():
    told = [Proposal("F1.occasion", "test", origin="answer", quote=day) for day in ("on Monday", "on Friday")]
    (shown,) = establish(told, Answers(), History(), BOOK).shown["F1.occasions"]
    assert (shown.origin, shown.start) == ("answer", None)
