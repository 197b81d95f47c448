"""Codebook §5, row by row."""

from typing import Any

import pytest

from services.escalation.domain.grading import danger_of
from services.escalation.domain.routing import NOBODY, Route, route
from services.escalation.handlers.cases import Rules
from shared.events import Answers, DangerClass, Flag, Label, Place, Strand
from tests.builders import assessment, report

ALL = ("housing", "school", "stalking_advocacy", "hate_crime_support")


def routed(rules: Rules, told: dict[str, Any], read: dict[str, Any]) -> Route:
    given = report(**told)
    reading = assessment(**read)
    return route(given, reading, danger_of(given, reading), rules.directory, rules.routing)


def places(where: Route) -> set[tuple[str, str]]:
    return {(d.agency.removeprefix("northmoor-"), d.queue) for d in where.destinations}


STALKING = {"labels": (Label.stalking, Label.harassment), "danger_class": DangerClass.veiled_or_stalking}
HATE = {"labels": (Label.hate_incident,), "strands": (Strand.race,)}


@pytest.mark.parametrize(
    ("told", "read", "wanted"),
    [
        ({}, {"labels": (Label.other,), "danger_class": DangerClass.life_at_risk}, {("police", "control_room")}),
        ({}, {"labels": (Label.harassment,)}, {("police", "harassment")}),
        (
            {"answers": Answers(landlord="council"), "consent": ALL},
            {"labels": (Label.harassment,)},
            {("police", "harassment"), ("homes", "tenancy")},
        ),
        ({"consent": ALL}, HATE, {("police", "hate_crime"), ("stand-together", "support")}),
        ({}, HATE, {("police", "hate_crime"), ("police", "neighbourhood")}),
        ({}, {"behaviours": ("A4",)}, {("police", "neighbourhood"), ("council-asb", "asb")}),
        ({}, {"behaviours": ("A3",)}, {("environmental-health", "nuisance")}),
        ({}, {"behaviours": ("A2",)}, {("moor-and-vale-ambulance", "hoax_calls"), ("police", "neighbourhood")}),
        (
            {"consent": ALL},
            {"labels": (Label.harassment,), "behaviours": ("H10",)},
            {("police", "harassment"), ("moor-and-vale-schools", "safeguarding")},
        ),
        ({"consent": ALL}, STALKING, {("police", "control_room"), ("police", "harassment"), ("step-away", "advocacy")}),
        (
            {},
            {"labels": (Label.other,), "flags": (Flag.child_at_risk,)},
            {("safeguarding", "safeguarding")},
        ),
        (
            {},
            {"behaviours": ("A3",), "reported_before": 3},
            {("environmental-health", "nuisance"), ("moor-and-vale-case-review", "case_review")},
        ),
        ({}, {"labels": (Label.other,)}, {("police", "review")}),
    ],
)
def test_each_row(rules: Rules, told: dict[str, Any], read: dict[str, Any], wanted: set[tuple[str, str]]):
    assert places(routed(rules, told, read)) == wanted


@pytest.mark.parametrize("postcode", [None, "", "SW1A 1AA", "ZZ9 9ZZ", "nonsense"])
def test_an_unknown_area_goes_to_review_and_to_nobody_else(rules: Rules, postcode: str | None):
    where = routed(rules, {"place": Place(postcode=postcode)}, STALKING)
    assert where.force is None
    assert places(where) == {(NOBODY, "review")}
    assert where.queues == ("review",)


@pytest.mark.parametrize("postcode", ["ZZ1 4AB", "zz14ab", " zZ1  4aB "])
def test_a_postcode_is_read_however_it_was_typed(rules: Rules, postcode: str):
    assert routed(rules, {"place": Place(postcode=postcode)}, {}).force == "northmoor-police"


def test_what_is_withheld_from_a_partner_goes_to_the_police(rules: Rules):
    where = routed(rules, {"answers": Answers(landlord="council")}, {"labels": (Label.harassment,)})
    assert all(d.agency == "northmoor-police" for d in where.destinations)
    assert any("withheld from Northmoor Homes" in d.reason for d in where.destinations)


@pytest.mark.parametrize(
    ("organisation", "never", "read"),
    [
        ("Northmoor Homes", "northmoor-homes", {"labels": (Label.harassment,)}),
        ("northmoor high school", "moor-and-vale-schools", {"labels": (Label.harassment,), "behaviours": ("H10",)}),
        ("Northmoor Council", "northmoor-council-asb", {"behaviours": ("A4",)}),
        ("Northmoor Police", "northmoor-police", STALKING),
    ],
)
def test_nothing_goes_to_the_body_complained_of(rules: Rules, organisation: str, never: str, read: dict[str, Any]):
    answers = Answers(party_organisation=organisation, landlord="housing association")
    where = routed(rules, {"answers": answers, "consent": ALL}, read)
    assert never not in {d.agency for d in where.destinations}
    assert "review" in where.queues


def test_what_nobody_read_goes_to_review(rules: Rules):
    where = route(report(), None, DangerClass.violence_threatened, rules.directory, rules.routing)
    assert places(where) == {("police", "review")}


def test_every_destination_has_a_reason_and_a_ground(rules: Rules):
    for destination in routed(rules, {"consent": ALL}, STALKING).destinations:
        assert destination.reason
        assert destination.ground
