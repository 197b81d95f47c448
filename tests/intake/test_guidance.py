"""Who is told to tell whom must be who is routed to whom; and every language has every sentence."""

import re
from pathlib import Path

import pytest

from services.escalation import rules_in_force
from services.escalation.directory_file import read_directory
from services.escalation.domain.routing import REVIEW, Subject, route
from services.intake.catalogue import WORDS, catalogue
from services.intake.guidance import Trouble, guidance, local_names, whom_to_tell
from shared.codebook import Label
from shared.command import AskedWrongly
from shared.told import Answers
from tests.builders import assessment, report
from tests.intake.form import Form

ANY = ("housing", "school", "stalking_advocacy", "hate_crime_support")
DIRECTORY = Path("deploy/demo/directory.toml")


def routed(trouble: Trouble, behaviour: str | None) -> set[str]:
    """The kinds of agency that escalation routes such a report to, once all are agreed to and the landlord is known."""
    told = report(text="He rings for an ambulance from the school.", answers=Answers(landlord="council"), consent=ANY)
    labels = tuple(Label(label) for label in trouble.labels) or (Label.asb,)
    reading = assessment(labels=labels, behaviours=(behaviour,) if behaviour else ())
    directory = read_directory(DIRECTORY)
    where = route(Subject(told, reading, reading.danger_class, "northmoor"), directory, rules_in_force.routing())
    agencies = [directory.agency(d.agency) for d in where.destinations if d.queue != REVIEW]
    return {agency.kind for agency in agencies if agency}


@pytest.mark.parametrize("trouble", guidance().troubles, ids=lambda trouble: trouble.id)
def test_whom_to_tell_is_to_whom_it_goes(trouble: Trouble):
    said = set(whom_to_tell(trouble.id))
    if trouble.elsewhere:
        assert said == set(trouble.elsewhere)
    else:
        assert said == set().union(*(routed(trouble, one) for one in trouble.behaviours or (None,)))


def test_every_kind_has_a_name():
    kinds = {body.kind for body in guidance().bodies}
    assert {kind for trouble in guidance().troubles for kind in whom_to_tell(trouble.id)} <= kinds


def test_only_numbers_that_were_checked_are_shown():
    shown = {one.name: one.shown_phone for one in guidance().support if one.shown_phone}
    assert shown == {"National Stalking Helpline": "0808 802 0300"}


async def test_a_number_is_rung_by_a_press_and_children_find_whom_to_talk_to(person: Form):
    support = (await person.get("/support")).text
    assert "Childline" in support
    assert '<a class="govuk-link" href="tel:08088020300">Phone 0808 802 0300</a>' in support
    assert 'href="tel:999"' in (await person.get("/form/danger")).text


def test_local_agencies_are_named_from_the_directory():
    assert "Northmoor Environmental Health (Northmoor)" in local_names(DIRECTORY)["environmental_health"]
    assert local_names(None) == {}


def test_a_made_up_language_keeps_the_holes():
    english, accented = catalogue("en"), catalogue("en-XA")
    assert english.words.keys() == accented.words.keys()
    for key, words in english.words.items():
        assert re.findall(r"\{\w+\}", words) == re.findall(r"\{\w+\}", accented.words[key])


def test_a_language_stays_off_until_a_speaker_has_signed_it(tmp_path: Path):
    welsh = 'direction = "ltr"\nname = "Cymraeg"\n[common]\nback = "Yn ôl"\n'
    (tmp_path / "cy.toml").write_text(f'[about]\nsigned_by = ""\n{welsh}')
    with pytest.raises(AskedWrongly):
        catalogue("cy", tmp_path)
    assert not (WORDS / "cy.toml").exists()
