"""What is long, or made to be slow, holds up nobody: PostgreSQL ends whoever keeps a transaction for five seconds."""

from datetime import timedelta
from itertools import product
from string import ascii_lowercase
from typing import Any

import pytest

from services.escalation.domain.directory import Directory
from shared.database import Pool
from shared.told import Answers, History, Place
from tests.builders import NOON, classified, report
from tests.escalation.conftest import Escalate

NO_END = "a" * 900_000
OTHER_WORDS = " ".join("".join(letters) for letters in product(ascii_lowercase[:22], repeat=4))


@pytest.mark.parametrize(
    "told",
    [
        {"text": f"Loud music every night {NO_END}"},
        {"text": f"Loud music every night {'a@' * 450_000}"},
        {"place": Place(postcode="ZZ1 4AB", words=NO_END)},
        {"answers": Answers(party=" ".join(word + "ing" for word in OTHER_WORDS.split()))},
        {"answers": Answers(party_organisation=NO_END)},
        {"answers": Answers(landlord=OTHER_WORDS)},
    ],
    ids=["no space", "half an address", "place", "party of many words", "organisation", "landlord"],
)
async def test_a_case_is_made_of_whatever_comes(told: dict[str, Any], escalate: Escalate, pool: Pool):
    event = classified(report(**told), behaviours=("A3", "A4"))
    await escalate(event)
    assert await pool.fetchval("select count(*) from delivery where report_id = $1", event.report_id)


async def test_many_complaints_of_many_words_are_counted(escalate: Escalate, pool: Pool):
    """Each in words of its own, on one day: they are compared, word for word, with all before them."""
    words, references = OTHER_WORDS.split(), list[str]()
    for n in range(9):
        history = History(reports=n, references=tuple(reversed(references)))
        text = " ".join(words[n * 10_000 :] + words[: n * 10_000])[:900_000]
        told = report(reference=f"H-{n}", received_at=NOON + n * timedelta(hours=1), text=text, history=history)
        await escalate(classified(told, behaviours=(f"A{n + 1}",)))
        references.append(f"H-{n}")
    (timeline,) = await pool.fetch("select timeline from case_review")
    assert [one["why"] for one in timeline["timeline"]] == ["counts"] * 9


def test_an_organisation_is_known_by_its_name_among_many_words(directory: Directory):
    named = f"{' '.join(OTHER_WORDS.split()[:500])} Northmoor Police"
    assert "northmoor-police" in directory.complained_of(Answers(party=named), "northmoor")
