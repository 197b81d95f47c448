"""Danger to life (codebook §4): what is told as near stays near in both readings, and self-harm is a flag, no level."""

import pytest

from services.classifier import rulebook
from services.classifier.domain.assess import assess
from services.classifier.domain.danger import threat
from shared.codebook import DangerClass, Flag, Threat
from shared.told import Answers
from tests.builders import report
from tests.classifier.building import facts


@pytest.fixture(scope="module", params=["first", "second"])
def rules(request):
    return rulebook.load() if request.param == "first" else rulebook.load_second()


NOW = Answers(happening_now=True)


@pytest.mark.parametrize(
    "text",
    ["My brother in law slapped me and told me he isn't finished.", "My cousin is going to stab me"],
)
def test_a_threat_that_the_form_says_is_now_is_imminent(text, rules):
    assert assess(report(text=text, answers=NOW), rules).threat is Threat.imminent
    assert assess(report(text=text), rules).threat is Threat.explicit


@pytest.mark.parametrize(
    "text",
    [
        "OPERATOR: Emergency, which service?\nCALLER: Hello, a cab to 4 Elm Road please\nOPERATOR: Is somebody hurting "
        "you?\nCALLER: Yes love\nOPERATOR: Is he there with you now?\nCALLER: Yes, as soon as you can",
        "OPERATOR: Emergency, which service?\nCALLER: Hi, a cab for Elm Road\nOPERATOR: Are you in danger?\n"
        "CALLER: Yes please\nOPERATOR: Officers are on the way\nCALLER: Lovely, thanks",
    ],
    ids=["asked whether he is there", "asked about danger"],
)
def test_a_yes_to_the_operator_is_not_doubted(text, rules):
    assert assess(report(text=text), rules).danger_class is DangerClass.life_at_risk


@pytest.mark.parametrize(
    "text",
    [
        "Please don't ring back. I've taken the blade out of my razor and I'm sat on the edge of the bath.",
        "My brother has a rope and hes on the bridge",
        "She's up on the viaduct with a rope",
    ],
)
def test_ones_own_means_are_a_life_at_risk_and_no_violence(text, rules):
    read = assess(report(text=text), rules)
    assert read.danger_class is DangerClass.life_at_risk
    assert Flag.self_harm in read.flags
    assert read.threat is Threat.none


def test_a_blade_that_somebody_else_has_is_violence(rules):
    read = assess(report(text="I'm locked in the bathroom, he's got a blade and he's outside the door now"), rules)
    assert read.threat is Threat.imminent


def test_what_was_once_posted_is_not_there_now(rules):
    read = assess(report(text="A knife came through the letterbox last Tuesday in an envelope."), rules)
    assert read.threat in {Threat.implied, Threat.explicit}
    assert not read.happening_now


def test_a_weapon_among_rowdy_people_now_is_imminent():
    shown = facts("A4", "X.weapon_noun", "X.armed", "F10.now")
    assert threat(shown) is Threat.imminent
    assert threat(facts("A4", "X.weapon_noun", "F10.now")) is Threat.none


def test_whatever_can_hurt_is_near_while_somebody_hides():
    assert threat(facts("X.weapon_noun", "X.hiding")) is Threat.imminent
