from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as any_

from services.intake.domain import reports as domain
from services.intake.domain.reports import Stage
from shared.events import Lane
from shared.references import normalised_reference
from shared.told import Answers, Contact
from tests.builders import report

ID = UUID("11111111-2222-3333-4444-555555555555")


def test_a_reference_can_be_read_out_on_the_phone():
    reference = domain.new_reference()
    assert len(reference) == len("H-4K7QX-9M2TB")
    assert not set("ILOU") & set(reference)


@pytest.mark.parametrize(
    "typed", ["h-4k7qx-9m2tb", " H-4K7QX-9M2TB\n", "H-4K7QX-9M2TB", "h 4k7qx 9m2tb", "H4K7QX9M2TB"]
)
def test_a_reference_is_found_as_people_type_it(typed: str):
    assert normalised_reference(typed) == "H-4K7QX-9M2TB"


def test_letters_that_look_like_digits_are_taken_for_them():
    assert normalised_reference("H-OI1L0-ABCDE") == "H-01110-ABCDE"


@pytest.mark.parametrize("typed", ["OIBA2345", "018a2345", " OIBA-2345\n", "o i b a 2 3 4 5"])
def test_a_secret_is_found_as_people_type_it(typed: str):
    assert domain.normalised_secret(typed) == "OIBA2345"


@given(any_.uuids())
def test_a_secret_is_what_it_is_taken_for(report_id: UUID):
    secret = domain.reporters_secret("key", report_id)
    assert domain.normalised_secret(secret) == secret


def test_the_secret_of_a_report_is_always_the_same_and_hard_to_guess():
    secret = domain.reporters_secret("key", ID)
    assert secret == domain.reporters_secret("key", ID)
    assert secret != domain.reporters_secret("another key", ID)
    assert len(secret) * 5 >= 80  # bits, in base32


@pytest.mark.parametrize(
    ("answers", "screened", "lane"),
    [
        (Answers(), (), Lane.ordinary),
        (Answers(happening_now=False), (), Lane.ordinary),
        (Answers(happening_now=True), (), Lane.urgent),
        (Answers(), ("threat.kill",), Lane.urgent),
    ],
)
def test_danger_said_or_screened_takes_the_urgent_lane(answers: Answers, screened: tuple[str, ...], lane: Lane):
    assert domain.lane_of(answers, screened) is lane


def test_what_a_reporter_is_told_names_nobody():
    assert domain.stage_of(routed=False) is Stage.received
    assert domain.stage_of(routed=True) == "with the people who can act on it"


def test_the_words_about_how_it_felt_are_screened_too():
    told = report(answers=Answers(feeling=("he said he'll stab me",)))
    assert domain.in_its_lane(told).lane is Lane.urgent


@pytest.mark.parametrize(
    ("contact", "named"),
    [
        (Contact(name="Sam", phone="01632 960001"), True),
        (Contact(name="Sam", phone=" ", email="sam@example.org"), True),
        (Contact(name=" ", phone="01632 960001"), False),
        (Contact(name="Sam", phone=" ", email=""), False),
        (Contact(name="Sam"), False),
    ],
)
def test_spaces_are_nobodys_name_and_reach_nobody(contact: Contact, named: bool):
    assert contact.can_ask_for_a_review is named
