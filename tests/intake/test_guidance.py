"""Who is told to tell whom must be who is routed to whom; and every language has every sentence."""

import re
import tomllib
from pathlib import Path

import pytest

from services.intake.catalogue import WORDS, NotSignedError, catalogue
from services.intake.guidance import Trouble, guidance, local_names

ROUTING = tomllib.loads(Path("services/escalation/rules/routing.toml").read_text())["rows"]
NOT_ROUTED = {"animal_welfare", "report_fraud"}


def routed(trouble: Trouble) -> set[str]:
    """The kinds of agency that a report of exactly this is routed to."""
    return {
        row["to"]
        for row in ROUTING
        if set(row.get("behaviours", ())) & set(trouble.behaviours)
        or ("behaviours" not in row and set(row.get("labels", ())) & set(trouble.labels))
    } - {"case_review"}


@pytest.mark.parametrize("trouble", guidance().troubles, ids=lambda trouble: trouble.id)
def test_whom_to_tell_is_to_whom_it_goes(trouble: Trouble):
    """The police take any of it; nobody else is named whom no row of the routing sends it to."""
    assert set(trouble.to) - NOT_ROUTED <= routed(trouble) | {"police"}


def test_every_kind_has_a_name():
    kinds = {body.kind for body in guidance().bodies}
    assert {kind for trouble in guidance().troubles for kind in trouble.to} <= kinds


def test_only_numbers_that_were_checked_are_shown():
    shown = {one.name: one.shown_phone for one in guidance().support if one.shown_phone}
    assert shown == {"National Stalking Helpline": "0808 802 0300"}


def test_local_agencies_are_named_from_the_directory():
    assert "Northmoor Environmental Health" in local_names(Path("deploy/demo/directory.toml"))["environmental_health"]
    assert local_names(None) == {}


def test_a_made_up_language_keeps_the_holes():
    english, accented = catalogue("en"), catalogue("en-XA")
    assert english.words.keys() == accented.words.keys()
    for key, words in english.words.items():
        assert re.findall(r"\{\w+\}", words) == re.findall(r"\{\w+\}", accented.words[key])


def test_a_language_stays_off_until_a_speaker_has_signed_it(tmp_path: Path):
    welsh = 'direction = "ltr"\nname = "Cymraeg"\n[common]\nback = "Yn ôl"\n'
    (tmp_path / "cy.toml").write_text(f'[about]\nsigned_by = ""\n{welsh}')
    with pytest.raises(NotSignedError):
        catalogue("cy", tmp_path)
    assert not (WORDS / "cy.toml").exists()
