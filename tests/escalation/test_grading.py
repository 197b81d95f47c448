"""Grades and targets by the table, and what happens to them when something changes."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escalation.domain.grading import ORDER, Grade, grade
from services.escalation.domain.overrides import BY_THREAT, Override
from services.escalation.handlers.cases import Rules
from services.escalation.rules_in_force import grading
from shared.assessment import Assessment, Finding, RiskGroup, Standing
from shared.codebook import DangerClass, Effect, Flag, Impact, Label, Repetition, Threat
from shared.database import Pool
from shared.events import Lane
from shared.told import History, Place
from tests.builders import NOON, assessment, classified, report
from tests.escalation.conftest import Escalate

TABLE = grading()


def answered(question: str, standing: Standing = Standing.present) -> Finding:
    return Finding(id=question, group=RiskGroup.sdash, asks="?", standing=standing)


@pytest.mark.parametrize(
    ("read", "wanted", "because"),
    [
        ({"danger_class": DangerClass.life_at_risk, "threat": Threat.imminent}, Grade.emergency, "Threat"),
        ({"danger_class": DangerClass.violence_threatened, "threat": Threat.explicit}, Grade.priority, "Threat"),
        ({"flags": (Flag.child_at_risk,)}, Grade.priority, "Vulnerability"),
        ({"flags": (Flag.order_or_bail,)}, Grade.priority, "Risk"),
        ({"happening_now": True, "labels": (Label.harassment,)}, Grade.priority, "Risk"),
        ({"happening_now": True, "effect": (Effect.scared,)}, Grade.priority, "Risk"),
        (
            {"labels": (Label.harassment,), "impact": (Impact.work,), "effect": (Effect.threatened,)},
            Grade.priority,
            "Harm",
        ),
        (
            {
                "labels": (Label.stalking, Label.harassment),
                "danger_class": DangerClass.veiled_or_stalking,
                "risk": (answered("sdash.visits"), answered("sdash.damage", Standing.unknown)),
            },
            Grade.priority,
            "Risk",
        ),
        (
            {"labels": (Label.harassment,), "effect": (Effect.scared,), "risk": (answered("vulnerable.alone"),)},
            Grade.priority,
            "Vulnerability",
        ),
        (
            {
                "labels": (Label.harassment,),
                "effect": (Effect.scared,),
                "risk": (answered("vulnerable.alone", Standing.absent),),
            },
            Grade.scheduled,
            "Harm",
        ),
        ({"labels": (Label.harassment,)}, Grade.scheduled, "Harm"),
        ({"repetition": Repetition.repeated}, Grade.scheduled, "Engagement"),
        ({"reported_before": 3}, Grade.scheduled, "Investigation"),
        ({}, Grade.advice, "Engagement"),
    ],
)
def test_the_table(read: dict[str, Any], wanted: Grade, because: str):
    found = grade(report(), assessment(**read), TABLE)
    assert found.grade is wanted
    assert found.reasons[0].startswith(because)


def test_history_counts_like_what_was_told():
    assert grade(report(history=History(reports=2)), assessment(), TABLE).grade is Grade.scheduled


def test_what_nobody_has_read_is_priority_in_the_urgent_lane():
    assert grade(report(lane=Lane.urgent), None, TABLE).grade is Grade.priority


@pytest.mark.parametrize(("postcode", "minutes"), [("ZZ1 4AB", 15), ("ZZ4 1AB", 20), (None, 15)])
async def test_a_target_is_its_areas(escalate: Escalate, pool: Pool, postcode: str | None, minutes: int):
    told = report(place=Place(postcode=postcode))
    await escalate(classified(told, danger_class=DangerClass.life_at_risk))
    assert await pool.fetchval("select target_at from queue_item") == NOON + timedelta(minutes=minutes)


async def test_a_regrading_is_recorded_with_what_changed(escalate: Escalate, pool: Pool):
    told = report()
    await escalate(classified(told, labels=(Label.harassment,)))
    graver = assessment(labels=(Label.harassment,), flags=(Flag.child_at_risk,))
    await escalate(classified(told.model_copy(update={"revision": 2}), graver))
    detail = await pool.fetchval("select detail from audit_entry where action = 'read' order by id desc limit 1")
    assert (detail["grade_before"], detail["grade"]) == ("scheduled", "priority")
    assert detail["reasons_new"] == [
        "Vulnerability: a child or an adult at risk, or so-called honour, is involved (G3)"
    ]
    assert detail["reasons_gone"] == []


async def test_more_told_brings_a_closed_case_back_and_another_rulebook_does_not(escalate: Escalate, pool: Pool):
    told = report()
    await escalate(classified(told, labels=(Label.harassment,)))
    await pool.execute("update queue_item set state = 'closed'")
    await escalate(classified(told, labels=(Label.harassment,), rulebook="rules-2"), at=NOON + timedelta(hours=1))
    assert await pool.fetchval("select state from queue_item") == "closed"
    more = told.model_copy(update={"revision": 2, "text": "And he came back."})
    await escalate(classified(more, labels=(Label.harassment,)))
    assert await pool.fetchval("select state from queue_item") == "open"


READINGS = st.builds(
    lambda labels, **given: assessment(labels=tuple(label for label in Label if label in labels), **given),
    labels=st.sets(st.sampled_from(Label), min_size=1),
    threat=st.sampled_from(Threat),
    flags=st.sets(st.sampled_from(Flag)).map(tuple),
    danger_class=st.sampled_from(DangerClass),
    happening_now=st.booleans(),
    effect=st.sets(st.sampled_from(Effect)).map(tuple),
    reported_before=st.integers(0, 4),
)


@given(READINGS, st.integers(0, 4))
def test_every_reading_has_a_grade_with_reasons_and_a_graver_class_never_a_lesser_grade(read: Assessment, before: int):
    told = report(history=History(reports=before))
    found = grade(told, read, TABLE)
    assert found.reasons
    if read.danger_class > 1:
        graver = read.model_copy(update={"danger_class": DangerClass(read.danger_class - 1)})
        assert ORDER.index(grade(told, graver, TABLE).grade) <= ORDER.index(found.grade)


def override(**given: Any) -> Override:
    return Override(**({"who": "Sam", "why": "seen it", "at": NOON, "of_danger": 4} | given))


@given(READINGS, st.sampled_from(Threat))
def test_the_threat_level_that_a_person_gives_is_never_ranked_below_its_class(read: Assessment, threat: Threat):
    said = override(threat=threat, of_danger=read.danger_class).applied(read)
    assert said
    assert said.danger_class <= BY_THREAT[threat]


def test_an_override_ends_when_something_graver_is_read():
    said = override(threat=Threat.none, of_danger=DangerClass.veiled_or_stalking)
    assert said.holds(DangerClass.veiled_or_stalking)
    assert said.holds(DangerClass.everything_else)
    assert not said.holds(DangerClass.violence_threatened)


def test_life_at_risk_for_another_reason_than_a_threat_is_not_talked_down():
    read = assessment(danger_class=DangerClass.life_at_risk, flags=(Flag.self_harm,), threat=Threat.none)
    said = override(labels=(Label.asb,)).applied(read)
    assert said
    assert said.danger_class is DangerClass.life_at_risk


def test_stalking_always_carries_harassment():
    said = override(labels=(Label.stalking,)).applied(assessment())
    assert said
    assert (said.primary, said.labels) == (Label.stalking, (Label.stalking, Label.harassment))


def test_what_a_person_says_of_an_unread_report_is_its_reading(rules: Rules):
    said = override(labels=(Label.hate_incident,), threat=Threat.explicit).applied(None)
    assert said
    assert said.danger_class is DangerClass.violence_threatened
