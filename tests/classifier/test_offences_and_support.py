"""Possible offences and support, as data: what nobody has checked is for staff only, or goes without its number."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from services.classifier.domain.account import account
from services.classifier.domain.guide import Checked, Guide, Offence, SupportEntry
from services.classifier.domain.rules import Rulebook
from services.classifier.domain.support import CHECK_EVERY, due
from shared.codebook import Strand
from shared.told import Answers
from tests.builders import report

CHECKED = Checked(on=date(2026, 1, 31), source="legislation.gov.uk")


def offences(rulebook: Rulebook, text: str, **given: object) -> dict[str, tuple[str, ...]]:
    return {offence.id: offence.facts for offence in account(report(text=text, **given), rulebook).offences}


@pytest.mark.parametrize(
    ("offence", "text"),
    [
        ("stalking", "My ex follows me every day and put a tracker on my car, I'm scared."),
        ("stalking_fear", "My ex follows me every day, put a tracker on my car and said he'll kill me."),
        ("harassment", "My neighbour shouts abuse at me every day and I am distressed."),
        ("threat_to_kill", "He said he'll kill me."),
        ("intimate_image", "He is threatening to share my nudes with my family."),
        ("genital_image", "He sent me a dick pic."),
        ("criminal_damage", "He smashed my windows last night."),
        ("weapon", "He waved a knife at me."),
        ("strangulation", "He strangled me last week."),
        ("order_breached", "He has a restraining order and he turned up at my house."),
        ("order_breached", "He's on bail with a condition not to contact me and he sent me a message."),
        ("threat_to_damage", "He said he'd put my windows through."),
        ("threat_to_damage", "He threatened to burn my house down."),
        ("fear_of_violence", "My ex says every day that he'll stab me, I am scared."),
        ("blackmail", "He wants £500 or he will share my nudes with my family."),
        ("coercive_control", "My husband hits me and shouts abuse at me every day."),
        ("malicious_communications", "He sends me abusive texts."),
        ("improper_network_use", "Silent calls every night."),
        ("false_identity", "Somebody opened a bank account in my name and took out loans."),
        ("harassment", "Music until four in the morning, every night. I am distressed."),
        ("noise", "Music until four in the morning, every night."),
    ],
)
def test_facts_may_make_out_an_offence_and_are_named(rulebook: Rulebook, offence: str, text: str):
    found = offences(rulebook, text)
    assert found[offence]


@pytest.mark.parametrize(
    ("offence", "text"),
    [
        ("weapon", "He drew his finger across his throat at me."),
        ("weapon", "She made a gun with her fingers and pointed it at my son."),
        ("threat_to_damage", "He put my windows through last night."),
        ("assault", "He said snitches get stitches."),
        ("criminal_damage", "My neighbour leaves his rubbish bags on my step every week."),
        ("sexual_offence", "There is a non-molestation order and he rang me."),
        ("fear_of_violence", "Music every night. I am distressed. Once he said he'd punch me."),
        ("blackmail", "He demands that I come back to him or he'll share my nudes."),
        ("malicious_communications", "Silent calls every night."),
        ("malicious_communications", "He is threatening to share my nudes with my family."),
        ("computer_misuse", "Spam emails all day."),
        ("false_identity", "Somebody made a fake profile of me."),
        ("order_breached", "There was a data breach at my bank."),
        ("order_breached", "Dogs are not allowed in the park."),
    ],
)
def test_what_the_words_do_not_support_is_not_named(rulebook: Rulebook, offence: str, text: str):
    assert offence not in offences(rulebook, text)


def test_a_hand_across_the_throat_is_a_threat_and_under_way_it_is_imminent(rulebook: Rulebook):
    assert account(report(text="He drew his finger across his throat at me."), rulebook).threat == "explicit"
    now = "He's outside right now doing throat slitting gestures at me."
    assert account(report(text=now), rulebook).threat == "imminent"


def test_hostility_aggravates(rulebook: Rulebook):
    assert "aggravated" in offences(rulebook, "She shouted abuse at me.", answers=Answers(strands=(Strand.race,)))
    assert "hostility" in offences(rulebook, "She shouted abuse at me.", answers=Answers(strands=(Strand.disability,)))


@pytest.mark.parametrize(
    "text", ["Thanks for your help.", "He has never threatened me.", "When does the library open?"]
)
def test_nothing_told_is_no_offence(rulebook: Rulebook, text: str):
    assert offences(rulebook, text) == {}


def test_no_offence_is_shown_to_a_reporter_before_it_was_checked(rulebook: Rulebook):
    """facts.md names no offence's statute as checked; an entry that says otherwise must bring its source."""
    assert all(offence.staff_only for offence in rulebook.guide.offence)
    read = account(report(text="He smashed my windows last night."), rulebook)
    assert all(offence.staff_only for offence in read.offences)
    assert not any(offence.line in " ".join(read.explanation.reporter) for offence in rulebook.guide.offence)


def test_a_checked_and_reviewed_offence_is_told_in_careful_words(rulebook: Rulebook):
    reviewed = tuple(o.model_copy(update={"checked": CHECKED, "legal_review": "done"}) for o in rulebook.guide.offence)
    checked = replaced(rulebook, rulebook.guide.model_copy(update={"offence": reviewed}))
    read = account(report(text="He smashed my windows last night."), checked)
    assert any("There is an offence that this may be: Damaging" in said for said in read.explanation.reporter)


def replaced(rulebook: Rulebook, guide: Guide) -> Rulebook:
    return replace(rulebook, guide=guide)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("national_stalking_helpline", "My ex follows me every day and put a tracker on my car, I'm scared."),
        ("paladin", "My ex follows me every day and put a tracker on my car, I'm scared."),
        ("suzy_lamplugh", "A man followed me home from the bus last night."),
        ("anti_bullying_alliance", "My son is bullied at school every day."),
        ("hate_crime_support", "He called me a paki in the shop."),
        ("report_fraud", "Somebody opened a bank account in my name and took out loans."),
        (
            "case_review",
            "I have reported the noise to the council three times, it goes on every night, I am distressed.",
        ),
        ("police", "He's on bail with a condition not to contact me and he sent me a message."),
        ("police", "Music until four in the morning, every night."),
    ],
)
def test_support_follows_the_labels(rulebook: Rulebook, entry: str, text: str):
    assert entry in {offered.id for offered in account(report(text=text), rulebook).support}


@pytest.mark.parametrize(
    ("text", "answers", "offered"),
    [
        ("The noise goes on every night.", Answers(reported_before=1), False),
        ("The noise goes on every night.", Answers(reported_before=3), True),
        ("I have reported the noise to the council twice, it goes on every night.", Answers(), False),
        ("I have reported the noise to the council, it goes on every night.", Answers(), True),
    ],
)
def test_a_case_review_is_offered_unless_fewer_complaints_are_counted(
    rulebook: Rulebook, text: str, answers: Answers, offered: bool
):
    found = {entry.id for entry in account(report(text=text, answers=answers), rulebook).support}
    assert ("case_review" in found) is offered


def test_numbers_are_those_that_were_checked(rulebook: Rulebook):
    numbers = {entry.phone for entry in rulebook.guide.support if entry.phone}
    assert numbers == {"999", "101", "0808 802 0300", "0300 123 2040"}


def test_a_number_that_nobody_checked_is_refused():
    with pytest.raises(ValidationError, match="needs `checked`"):
        SupportEntry(id="x", name="X", line="x", fits=(("F9",),), source="x", phone="0000")


def test_what_was_never_checked_or_not_for_half_a_year_is_due(rulebook: Rulebook):
    entry = SupportEntry(id="helpline", name="X", line="x", fits=(("F9",),), source="x", phone="1", checked=CHECKED)
    offence = Offence(id="never", name="X", statute="X", section="1", line="x", needs=(("F9",),))
    last_day = CHECKED.on + CHECK_EVERY - timedelta(days=1)
    assert [name for name, _ in due((entry, offence), last_day)] == ["never"]
    late = dict(due((entry, offence), last_day + timedelta(days=1)))
    assert late == {"helpline": "last checked 2026-01-31: legislation.gov.uk", "never": "never checked"}
