"""The rulebook as a page: current, whole, and without what is for staff only where anybody may read it."""

import re

import httpx

from services.classifier import page
from services.classifier.domain.rules import Rulebook


def test_the_document_is_current(rulebook: Rulebook):
    assert page.DOCUMENT.read_text() == page.markdown(rulebook), "run `heard rulebook write`"


def test_every_id_has_its_entry_once(rulebook: Rulebook):
    guide = rulebook.guide
    entries = [*rulebook.rules, *rulebook.derivations, *rulebook.labels, *rulebook.steps, *rulebook.scopes.values()]
    ids = [entry.id for entry in (*entries, *guide.question, *guide.offence, *guide.support, *guide.phrase)]
    found = re.findall(r"^### `(.+)`$", page.markdown(rulebook), re.MULTILINE)
    assert sorted(found) == sorted([*ids, *rulebook.sets])


async def test_anybody_may_read_it_without_what_is_for_staff_only(stranger: httpx.AsyncClient, rulebook: Rulebook):
    answer = await stranger.get("/rulebook")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert rulebook.version in answer.text
    assert "S1.following" in answer.text
    assert not any(offence.statute in answer.text for offence in rulebook.guide.offence if offence.staff_only)
    assert f"{len(rulebook.guide.offence)} more wait for a check" in answer.text


def test_examples_with_markup_stay_text(rulebook: Rulebook):
    assert "<script" not in page.html(rulebook)
