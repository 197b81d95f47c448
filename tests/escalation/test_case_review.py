"""ASB Case Reviews: what counts and why, the journeys of the development set, and the panel's work."""

import asyncio
import itertools
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.escalation import consumer
from services.escalation.domain.case_review import Why, count
from services.escalation.domain.directory import Directory, Kind, Threshold
from services.escalation.domain.people import Role
from services.escalation.errors import NotNow
from services.escalation.handlers import attendance, cases, directories, erasing, notices
from services.escalation.handlers.case_reviews import ask
from services.escalation.handlers.cases import Arrived, Rules
from services.escalation.handlers.recounting import recount
from services.escalation.repository import case_reviews, work
from shared.assessment import Evidence
from shared.codebook import Label
from shared.database import Pool, transaction
from shared.events import Lane, Progress, ReportClassified, ReportErased, ReportLinked, ReportProgressed
from shared.kafka import CLASSIFIED, PROGRESSED
from shared.outbox import Bell
from shared.told import Answers, Contact, History, LinkReason, Place
from tests.builders import NOON, assessment, classified, report
from tests.escalation.conftest import OURS, Escalate, SignIn, SignInPage, as_they_are
from tests.escalation.test_notices import edge, notice
from tests.infrastructure import until_waiting

PANEL = "moor-and-vale-case-review"
JOURNEYS = Path(__file__).parent / "journeys.jsonl"
DAY = timedelta(days=1)


def complaint(at: datetime, reference: str, *, when: str | None = None, **read: Any) -> ReportClassified:
    told = report(reference=reference, received_at=at, answers=Answers(when=when), text=f"{reference} {at}")
    return classified(told, **({"behaviours": ("A3",)} | read))


def whys(*complaints: ReportClassified) -> list[Why]:
    return [one.why for one in count(complaints, Threshold()).complaints]


def test_three_within_six_months_are_enough():
    told = [complaint(NOON - n * 60 * DAY, f"H-{n}") for n in range(4)]
    assert count(told[:3], Threshold()).met
    assert not count(told[:2], Threshold()).met
    assert whys(*told) == [Why.too_long_ago if n * 60 > 183 else Why.counts for n in (3, 2, 1, 0)]


def test_an_incident_told_to_three_agencies_counts_once():
    told = [complaint(NOON + n * timedelta(hours=2), f"H-{n}") for n in range(3)]
    counted = count(told, Threshold())
    assert [one.why for one in counted.complaints] == [Why.counts, Why.told_again, Why.told_again]
    assert counted.complaints[2].same_as == "H-0"
    assert not counted.met


def test_by_its_date_an_incident_told_weeks_later_is_the_same_and_the_next_days_is_another():
    first = complaint(NOON, "H-0", when="2026-03-13")
    assert whys(first, complaint(NOON + 20 * DAY, "H-1", when="2026-03-13"))[1] is Why.told_again
    assert whys(first, complaint(NOON + DAY / 2, "H-2", when="2026-03-14"))[1] is Why.counts


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (complaint(NOON + 2 * DAY, "H-1", labels=(Label.other,)), Why.nothing_complained_of),
        (complaint(NOON + 2 * DAY, "H-1", labels=(Label.other,), notes=("language:pl",)), Why.not_read),
        (complaint(NOON + 2 * DAY, "H-1", when="2026-01-02"), Why.behaviour_too_old),
        (classified(report(received_at=NOON + 2 * DAY)).model_copy(update={"assessment": None}), Why.not_read),
    ],
)
def test_each_exclusion_is_explained(second: ReportClassified, why: Why):
    assert whys(complaint(NOON, "H-0"), second) == [Why.counts, why]


@pytest.mark.parametrize(("hour", "why"), [(22, Why.counts), (23, Why.behaviour_too_old)])
def test_a_month_after_the_behaviour_is_over_when_its_last_day_is_in_the_united_kingdom(hour: int, why: Why):
    told = complaint(datetime(2026, 7, 31, hour, tzinfo=UTC), "H-0", when="2026-06-30")
    assert whys(told) == [why]


def test_within_a_day_the_same_words_are_the_same_incident_and_other_words_are_not():
    words = (
        "He stood at my gate at six shouting that I should watch my back and the dogs were loose again all evening.",
        "Tonight somebody emptied their bins over our wall and there is broken glass where the children play all day.",
        "He stood at my gate at six shouting that I should watch my back, and the dogs were loose again all evening!",
    )
    told = [
        complaint(NOON + n * timedelta(hours=1), f"H-{n}", behaviours=(behaviour,))
        for n, behaviour in enumerate(("A3", "A4", "A5"))
    ]
    said = [one.report.model_copy(update={"text": text}) for one, text in zip(told, words, strict=True)]
    events = [one.model_copy(update={"report": report}) for one, report in zip(told, said, strict=True)]
    assert whys(*events) == [Why.counts, Why.counts, Why.told_again]


def test_thanks_after_three_complaints_is_not_the_moment():
    told = [complaint(NOON + n * 10 * DAY, f"H-{n}") for n in range(3)]
    assert not count([*told, complaint(NOON + 40 * DAY, "H-9", labels=(Label.other,))], Threshold()).met


def by(one: ReportClassified, number: int) -> ReportClassified:
    person = one.report.model_copy(update={"contact": Contact(phone=f"01632 96000{number}")})
    return one.model_copy(update={"report": person})


def test_from_several_people_the_area_may_want_more():
    told = [by(complaint(NOON + n * 10 * DAY, f"H-{n}"), n) for n in range(5)]
    assert not count(told[:4], Threshold(from_several=5)).met
    assert count(told, Threshold(from_several=5)).met


NUMBERS = ("+44 1632 960001", "01632 960001", "(01632) 960 001")


def contacts(*given: Contact | None) -> list[ReportClassified]:
    told = [complaint(NOON + n * 10 * DAY, f"H-{n}") for n in range(len(given))]
    reports = [one.report.model_copy(update={"contact": contact}) for one, contact in zip(told, given, strict=True)]
    return [one.model_copy(update={"report": report}) for one, report in zip(told, reports, strict=True)]


@pytest.mark.parametrize(
    ("given", "met"),
    [
        ([Contact(phone=number) for number in NUMBERS], True),
        ([Contact(phone=NUMBERS[0]), Contact(email="jo@x.test", phone=NUMBERS[1]), Contact(email=" Jo@X.test")], True),
        ([Contact(email="jo@x.test"), Contact(phone=NUMBERS[0]), Contact(email="jo@x.test", phone=NUMBERS[1])], True),
        ([Contact(name="Jo")] * 3, True),
        ([Contact()] * 3, False),
        ([Contact(phone=" "), Contact(phone=" "), None], False),
    ],
)
def test_one_who_gives_a_number_in_several_ways_is_one_and_those_who_give_nothing_are_several(
    given: list[Contact | None], met: bool
):
    assert count(contacts(*given), Threshold(from_several=5)).met is met


def test_a_persons_own_three_are_enough_though_another_has_complained_too():
    told = [by(complaint(NOON + n * 10 * DAY, f"H-{n}"), person) for n, person in enumerate((1, 2, 1, 1))]
    assert count(told, Threshold(from_several=5)).met
    assert not count(told[:3], Threshold(from_several=5)).met
    says_so = by(complaint(NOON + 50 * DAY, "H-9", reported_before=3), 3)
    assert count([*told[:2], says_so], Threshold(from_several=5)).met


def test_what_the_reporter_says_was_reported_before_counts_as_said():
    said = complaint(NOON, "H-0", reported_before=3)
    assert count([said], Threshold()).met
    assert count([said], Threshold()).counting == 1


def journeys() -> list[dict[str, Any]]:
    return [json.loads(line) for line in JOURNEYS.read_text().splitlines()]


@pytest.mark.parametrize("journey", journeys(), ids=lambda journey: journey["id"])
async def test_each_journey_meets_the_threshold_when_its_gold_says(journey: dict[str, Any], pool: Pool, rules: Rules):
    everywhere = tuple(f"ZZ{n}" for n in range(1, 22))
    northmoor, southvale = rules.directory.areas
    areas = (northmoor.model_copy(update={"outward": everywhere}), southvale.model_copy(update={"outward": ("ZZ99",)}))
    directory = rules.directory.model_copy(update={"areas": areas})
    met = None
    earlier: list[str] = []
    for n, step in enumerate(journey["reports"]):
        event = told_as_gold(step, f"{journey['id']}.{n}", earlier if n in journey["linked"] else [])
        await cases.escalate([Arrived(event, NOON, None)], pool, Bell(pool), replace(rules, directory=directory), NOON)
        if n in journey["linked"]:
            earlier.insert(0, event.report.reference)
        proposed = await pool.fetchval("select count(*) from delivery where agency_id = $1", PANEL)
        met = n if proposed and met is None else met
    assert met == journey["case_review_after"]
    assert await pool.fetchval("select count(*) from case_review") == (met is not None)


def told_as_gold(step: dict[str, Any], reference: str, earlier: list[str]) -> ReportClassified:
    told = report(
        reference=reference,
        received_at=datetime.fromisoformat(step["at"]).replace(tzinfo=UTC),
        text=step["text"],
        place=Place(postcode=step["postcode"]),
        answers=Answers(reported_before=step["reported_before"]),
        history=History(reports=len(earlier), references=tuple(earlier)),
    )
    labels = tuple(Label(label) for label in step["labels"])
    return classified(told, assessment(labels=labels, behaviours=tuple(step["behaviours"])))


CONTACT = Contact(name="Jo", phone="01632 960001")


@pytest.fixture
async def review_id(escalate: Escalate, pool: Pool) -> UUID:
    """Proposed at the third complaint of somebody who gave a name, and says that it is the third."""
    references: list[str] = []
    for n in range(3):
        one = complaint(NOON + n * 10 * DAY, f"H-{n}")
        history = History(reports=n, references=tuple(reversed(references)))
        said = {"history": history, "contact": CONTACT, "answers": Answers(reported_before=3 if n == 2 else None)}
        told = one.report.model_copy(update=said)
        await escalate(one.model_copy(update={"report": told}))
        references.append(told.reference)
    found: UUID = await pool.fetchval("select id from case_review")
    return found


async def said(pool: Pool) -> list[Progress]:
    rows = await pool.fetch("select value from outbox where topic = $1 order by id", PROGRESSED)
    return [ReportProgressed.model_validate_json(row["value"]).progress for row in rows]


async def test_at_the_threshold_it_is_proposed_with_the_timeline_and_offered(review_id: UUID, pool: Pool):
    row = await pool.fetchrow("select * from case_review")
    assert (row["agency_id"], row["asked_by"], row["offered"]) == (PANEL, "threshold", True)
    assert [(one["reference"], one["why"]) for one in row["timeline"]] == [(f"H-{n}", "counts") for n in range(3)]
    assert await said(pool) == [Progress.review_offered]


async def test_it_is_never_offered_anonymously(escalate: Escalate, pool: Pool):
    await escalate(classified(report(), behaviours=("A3",), reported_before=3))
    assert await pool.fetchval("select offered from case_review") is False
    assert await said(pool) == []


THE_OTHER = Contact(name="Al", phone=CONTACT.phone)
"""Somebody of the same home, with the same telephone."""


def linked(number: int, by: Contact, **read: Any) -> ReportClassified:
    """The next complaint of one address: intake links it to those before it, whoever made them."""
    one = complaint(NOON + number * 10 * DAY, f"H-{number}", **read)
    history = History(reports=number, references=tuple(f"H-{n}" for n in reversed(range(number))))
    return one.model_copy(update={"report": one.report.model_copy(update={"history": history, "contact": by})})


def before(quote: str, origin: str) -> dict[str, Any]:
    """F9, as it is read from the words, or from what intake linked."""
    shown = Evidence.model_validate({"fact": "F9", "rule": "r", "origin": origin, "quote": quote})
    return {"reported_before": 3, "evidence": (shown,)}


async def test_nobody_learns_from_an_offer_that_others_told_of_the_same_address(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    """Victim and abuser: the panel has it, and is silent to him; once she says herself how often, it is offered."""
    panel = await sign_in("agency", PANEL)
    await escalate(linked(0, CONTACT))
    await escalate(linked(1, CONTACT))
    await escalate(linked(2, THE_OTHER, **before("3 earlier", "history")))
    (review,) = (await client.get(f"/v1/agencies/{PANEL}/case-reviews", headers=panel)).json()
    base = f"/v1/agencies/{PANEL}/case-reviews/{review['id']}"
    await client.post(f"{base}/plan", json={"review_on": "2026-05-01"}, headers=panel)
    assert (review["offered"], await said(pool)) == (False, [])
    hers = linked(3, CONTACT, **before("told you three times", "text"))
    await escalate(hers)
    await client.post(f"{base}/close", json=CLOSED, headers=panel)
    told = await pool.fetch("select report_id from outbox where topic = $1", PROGRESSED)
    assert {row["report_id"] for row in told} == {hers.report_id}
    assert await said(pool) == [Progress.review_offered, Progress.review_closed]


async def test_who_gives_anothers_name_and_number_learns_nothing_from_an_offer(escalate: Escalate, pool: Pool):
    """He knows all that she gives as her contact: two reports of his own would show him that she told of a third."""
    for number in range(3):
        await escalate(linked(number, CONTACT))
    assert [row["offered"] for row in await pool.fetch("select offered from case_review")] == [False]
    assert await said(pool) == []


def asks(number: int, by: Contact, **more: Any) -> ReportClassified:
    one = linked(number, by)
    return one.model_copy(update={"report": one.report.model_copy(update=ASKED | {"contact": by} | more)})


async def told_by_a_review(pool: Pool) -> dict[UUID, list[Progress]]:
    """What each report's reporter was told, in order."""
    found: dict[UUID, list[Progress]] = {}
    for row in await pool.fetch("select value from outbox where topic = $1 order by id", PROGRESSED):
        event = ReportProgressed.model_validate_json(row["value"])
        found.setdefault(event.report_id, []).append(event.progress)
    return found


async def test_each_of_two_at_one_address_who_ask_for_a_review_is_answered_and_hears_what_comes_of_it(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, sign_in_page: SignInPage, pool: Pool
):
    his, hers = asks(0, THE_OTHER), asks(1, CONTACT)
    for event in (his, hers):
        await escalate(event)
    panel = await sign_in("agency", PANEL)
    base = f"/v1/agencies/{PANEL}/case-reviews/{await pool.fetchval('select id from case_review')}"
    await client.post(f"{base}/plan", json={"review_on": "2026-05-01"}, headers=panel)
    page = await sign_in_page(Role.agency, "Ada", PANEL)
    review = (await page.get(f"/portal/reviews/{base.rpartition('/')[2]}")).text
    assert [f"/portal/reports/{one.report_id}" in review for one in (his, hers)] == [True, True]
    await client.post(f"{base}/close", json=CLOSED, headers=panel)
    heard = [Progress.review_asked, Progress.review_planned, Progress.review_closed]
    assert await told_by_a_review(pool) == {his.report_id: heard, hers.report_id: heard}


async def test_whoever_was_offered_a_review_that_another_asked_for_can_still_ask(
    review_id: UUID, escalate: Escalate, pool: Pool
):
    hers = await pool.fetchval("select report_id from case_review")
    await escalate(asks(3, THE_OTHER))
    third = ReportClassified.model_validate_json(await pool.fetchval("select event from cases where reference = 'H-2'"))
    told = third.report.model_copy(update=ASKED | {"revision": 2})
    await escalate(third.model_copy(update={"revision": 2, "report": told}))
    assert (await told_by_a_review(pool))[hers] == [Progress.review_offered, Progress.review_asked]
    assert await pool.fetchval("select report_id from case_review") == hers


async def test_what_an_older_process_wrote_of_a_review_tells_the_reporter_that_it_offered_it_to(
    review_id: UUID, escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    await pool.execute("update case_review set told = null, asked = null")
    his = asks(3, THE_OTHER)
    await escalate(his)
    path = f"/v1/agencies/{PANEL}/case-reviews/{review_id}/close"
    assert (await client.post(path, json=CLOSED, headers=await sign_in("agency", PANEL))).status_code == 204
    heard = await told_by_a_review(pool)
    assert heard.pop(his.report_id) == [Progress.review_asked, Progress.review_closed]
    assert list(heard.values()) == [[Progress.review_offered, Progress.review_closed]]


async def test_once_the_report_that_asked_is_erased_somebody_else_of_the_address_can_ask(
    escalate: Escalate, pool: Pool, directory: Directory
):
    hers, his = linked(0, CONTACT), asks(1, THE_OTHER)
    for event in (hers, his):
        await escalate(event)
    erased = ReportErased(report_id=his.report_id, revision=2, erased_at=NOON, by="dpo", reason="asked for")
    await erasing.erase(erased, directory, pool, Bell(pool), NOON)
    row = await pool.fetchrow("select asked_by, offered, report_id from case_review")
    assert tuple(row) == ("threshold", False, hers.report_id)
    more = hers.report.model_copy(update=ASKED | {"revision": 2, "contact": CONTACT})
    await escalate(hers.model_copy(update={"revision": 2, "report": more}))
    assert (await told_by_a_review(pool))[hers.report_id] == [Progress.review_asked]


async def disputed(pair: tuple[str, str], pool: Pool) -> None:
    """An operator says that these two do not belong together."""
    ids = [await pool.fetchval("select report_id from cases where reference = $1", one) for one in pair]
    async with transaction(pool) as connection:
        await work.dispute(connection, *ids, "sam", "two homes", NOON)


async def read_anew(reference: str, escalate: Escalate, pool: Pool, history: History, **read: Any) -> None:
    """Intake has a report read once more, as one that is linked to those of `history` alone."""
    event = ReportClassified.model_validate_json(
        await pool.fetchval("select event from cases where reference = $1", reference)
    )
    parted = event.report.model_copy(update={"revision": 2, "history": history})
    once = assessment(behaviours=("A3",), **read)
    await escalate(event.model_copy(update={"revision": 2, "report": parted, "assessment": once}))


async def reviewed(pool: Pool) -> list[tuple[str, list[str]]]:
    """Each review: the report that it is of, and those on its timeline."""
    rows = await pool.fetch("select reference, timeline from case_review order by reference")
    return [(row["reference"], [one["reference"] for one in row["timeline"]]) for row in rows]


async def test_whose_link_was_disputed_is_in_no_review_of_the_others_and_is_told_nothing_of_it(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    for number in range(2):
        await escalate(linked(number, CONTACT))
    await escalate(linked(2, THE_OTHER, **before("told you three times", "text")))
    assert await said(pool) == [Progress.review_offered]
    await disputed(("H-2", "H-1"), pool)
    await read_anew("H-2", escalate, pool, History())
    assert await reviewed(pool) == [("H-1", ["H-0", "H-1"])]
    path = f"/v1/agencies/{PANEL}/case-reviews/{await pool.fetchval('select id from case_review')}/close"
    assert (await client.post(path, json=CLOSED, headers=await sign_in("agency", PANEL))).status_code == 204
    assert await said(pool) == [Progress.review_offered]
    again = History(reports=1, references=("H-2",))
    one = linked(3, THE_OTHER)
    await escalate(one.model_copy(update={"report": one.report.model_copy(update={"history": again})}))
    assert await reviewed(pool) == [("H-1", ["H-0", "H-1"])]


async def test_what_was_parted_from_a_report_that_is_still_at_the_threshold_leaves_its_review(
    review_id: UUID, escalate: Escalate, pool: Pool
):
    """It began with hers, which says itself that it is the third."""
    await disputed(("H-2", "H-0"), pool)
    await read_anew("H-2", escalate, pool, History(reports=1, references=("H-1",)))
    assert await reviewed(pool) == [("H-2", ["H-1", "H-2"])]
    assert [row["reference"] for row in await pool.fetch("select reference from case_review_report order by 1")] == [
        "H-1",
        "H-2",
    ]


async def test_both_sides_of_a_dispute_that_are_at_the_threshold_have_a_review_of_their_own(
    escalate: Escalate, pool: Pool
):
    for number in range(6):
        await escalate(linked(number, CONTACT))
    assert await reviewed(pool) == [("H-2", [f"H-{n}" for n in range(6)])]
    await disputed(("H-3", "H-2"), pool)
    await read_anew("H-5", escalate, pool, History(reports=2, references=("H-4", "H-3")))
    assert await reviewed(pool) == [("H-2", ["H-0", "H-1", "H-2"]), ("H-5", ["H-3", "H-4", "H-5"])]
    await read_anew("H-4", escalate, pool, History(reports=1, references=("H-3",)))
    assert await reviewed(pool) == [("H-2", ["H-0", "H-1", "H-2"]), ("H-5", ["H-3", "H-4", "H-5"])]


async def test_a_review_goes_on_about_the_rest_though_they_are_read_anew_before_one_of_them_is_erased(
    escalate: Escalate, pool: Pool, directory: Directory
):
    """Intake publishes both at once: which comes first here depends on the classifier."""
    for number in range(3):
        await escalate(linked(number, CONTACT))
    await read_anew("H-2", escalate, pool, History(reports=1, references=("H-1",)))
    first = await pool.fetchval("select report_id from cases where reference = 'H-0'")
    erased = ReportErased(report_id=first, revision=2, erased_at=NOON, by="dpo", reason="asked for")
    await erasing.erase(erased, directory, pool, Bell(pool), NOON)
    assert await reviewed(pool) == [("H-2", ["H-1", "H-2"])]


async def test_a_report_that_names_only_the_last_of_many_leaves_no_review(
    review_id: UUID, escalate: Escalate, pool: Pool
):
    await disputed(("H-2", "H-0"), pool)
    await read_anew("H-2", escalate, pool, History(reports=22, references=("H-1",)))
    assert await reviewed(pool) == [("H-2", ["H-0", "H-1", "H-2"])]


async def test_a_review_that_nobody_was_offered_ends_without_a_word_to_the_reporter(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    for number, by in enumerate((CONTACT, CONTACT, THE_OTHER)):
        await escalate(linked(number, by))
    panel = await sign_in("agency", PANEL)
    path = f"/v1/agencies/{PANEL}/case-reviews/{await pool.fetchval('select id from case_review')}/close"
    assert (await client.post(path, json=CLOSED, headers=panel)).status_code == 204
    assert await said(pool) == []


@pytest.mark.parametrize(("origin", "offered"), [("text", [True]), ("history", [])])
async def test_what_they_say_themselves_counts_as_said_and_what_intake_linked_does_not(
    escalate: Escalate, pool: Pool, origin: str, offered: list[bool]
):
    await escalate(linked(0, CONTACT))
    await escalate(linked(1, THE_OTHER, **before("told you three times" if origin == "text" else "3 earlier", origin)))
    assert [row["offered"] for row in await pool.fetch("select offered from case_review")] == offered
    assert await said(pool) == [Progress.review_offered for _ in offered]


@pytest.mark.parametrize(
    ("made_before", "why"),
    [
        ([400 * DAY, 401 * DAY, 402 * DAY], Why.too_long_ago),
        ([timedelta(hours=3), timedelta(hours=2), timedelta(hours=1)], Why.told_again),
    ],
)
def test_what_intake_linked_counts_no_further_than_its_complaints_do(made_before: list[timedelta], why: Why):
    """Too old, or one incident told to several agencies: that the rules read it as reported before is no way round."""
    told = [complaint(NOON - ago, f"H-{n}") for n, ago in enumerate(made_before)]
    newest = complaint(NOON, "H-3", **before("3 earlier", "history"))
    history = History(reports=3, references=("H-2", "H-1", "H-0"))
    found = count(
        [*told, newest.model_copy(update={"report": newest.report.model_copy(update={"history": history})})],
        Threshold(),
    )
    assert (why in {one.why for one in found.complaints}, found.counting, found.met) == (True, 1, False)


async def override(report_id: UUID, client: httpx.AsyncClient, operator: dict[str, str], label: str) -> None:
    claim = (await client.post(f"/v1/queue/{report_id}/claim", headers=operator)).json()
    given = {"token": claim["token"], "labels": [label], "why": "by what they told me"}
    path = f"/v1/queue/{report_id}/override"
    assert (await client.post(path, json=given, headers=operator)).status_code == 204


async def test_what_a_person_says_of_earlier_complaints_after_the_newest_proposes_the_review(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool, rules: Rules
):
    """Told in Polish: nobody could read them, and the operator begins with the newest."""
    operator = await sign_in("operator", "northmoor-police")
    told = [linked(n, CONTACT, labels=(Label.other,), behaviours=(), notes=("language:pl",)) for n in range(3)]
    for one in told:
        await escalate(one)
    await heard_of_links(told, pool)
    for one in reversed(told):
        assert await pool.fetchval("select count(*) from case_review") == 0
        await override(one.report_id, client, operator, "asb")
    assert await reviewed(pool) == [("H-2", ["H-0", "H-1", "H-2"])]
    read = "select count(*) from audit_entry where action = 'read'"
    before = await pool.fetchval(read)
    await recount([told[0].report_id], as_they_are(rules), pool, Bell(pool), NOON)
    assert await pool.fetchval(read) == before  # once it is in a review, it is left alone


async def heard_of_links(told: list[ReportClassified], pool: Pool) -> None:
    """Each was linked to the one before it."""
    for earlier, later in itertools.pairwise(told):
        linked = {"later_reference": later.report.reference, "linked_at": NOON, "reasons": (LinkReason.address,)}
        await notices.hear([ReportLinked(report_id=earlier.report_id, later_id=later.report_id, **linked)], pool)


async def test_a_complaint_that_is_read_after_a_later_one_has_that_counted_once_more(pool: Pool, directory: Directory):
    """The third was urgent; the second waited in its lane."""
    await directories.load_directory(directory, pool, NOON)
    told = [linked(n, CONTACT) for n in range(3)]
    await heard_of_links(told, pool)
    for number in (0, 2, 1):
        assert await pool.fetchval("select count(*) from case_review") == 0
        await consumer.classified([notice(told[number], CLASSIFIED[Lane.ordinary])], edge(pool))
    assert await reviewed(pool) == [("H-2", ["H-0", "H-1", "H-2"])]


@pytest.mark.parametrize(("overridden", "label", "reviews"), [(0, "asb", 1), (1, "asb", 1), (0, "other", 0)])
async def test_what_a_person_says_of_an_earlier_complaint_counts_in_place_of_its_reading(
    escalate: Escalate,
    client: httpx.AsyncClient,
    sign_in: SignIn,
    pool: Pool,
    overridden: int,
    label: str,
    reviews: int,
):
    operator = await sign_in("operator", "northmoor-police")
    for number in range(3):
        read = Label.other if number == overridden and label == "asb" else Label.asb
        one = linked(number, CONTACT, labels=(read,), behaviours=("A1",))
        await escalate(one)
        if number == overridden:
            await override(one.report_id, client, operator, label)
    assert await pool.fetchval("select count(*) from case_review") == reviews


async def test_what_a_person_says_of_the_newest_complaint_proposes_the_review_and_outlasts_another_reading(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    await escalate(linked(0, CONTACT))
    await escalate(linked(1, CONTACT))
    newest = linked(2, CONTACT, labels=(Label.other,))
    await escalate(newest)
    await override(newest.report_id, client, await sign_in("operator", "northmoor-police"), "asb")
    assert await pool.fetchval("select asked_by from case_review") == "threshold"
    by_other_rules = newest.assessment and newest.assessment.model_copy(update={"rulebook": "rules-2"})
    await escalate(newest.model_copy(update={"assessment": by_other_rules}), at=NOON + DAY)
    (line,) = [one for one in await pool.fetchval("select timeline from case_review") if one["reference"] == "H-2"]
    assert line["why"] == "counts"
    assert [row["state"] for row in await pool.fetch("select state from delivery where agency_id = $1", PANEL)] == [
        "queued"
    ]


async def test_a_further_complaint_joins_the_review_under_way(review_id: UUID, escalate: Escalate, pool: Pool):
    one = complaint(NOON + 50 * DAY, "H-3")
    history = History(reports=3, references=("H-2", "H-1", "H-0"))
    await escalate(one.model_copy(update={"report": one.report.model_copy(update={"history": history})}))
    (row,) = await pool.fetch("select timeline from case_review")
    assert [entry["reference"] for entry in row["timeline"]] == ["H-0", "H-1", "H-2", "H-3"]


ASKED: dict[str, Any] = {
    "contact": CONTACT,
    "case_review_asked_at": NOON,
    "answers": Answers(reported_to="3 March, the council, C9", wanted="Somebody visits at night"),
}


async def test_whoever_asks_for_a_review_is_given_one_whatever_the_count(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    event = classified(report(**ASKED), labels=(Label.other,))
    for _ in range(2):
        await escalate(event)
    row = await pool.fetchrow("select * from case_review")
    assert (row["agency_id"], row["asked_by"], row["reference"]) == (PANEL, "reporter", event.report.reference)
    assert await said(pool) == [Progress.review_asked]
    panel = await sign_in("agency", PANEL)
    (entry,) = (await client.get(f"/v1/agencies/{PANEL}/reports", headers=panel)).json()["reports"]
    assert entry["report"]["contact"] == CONTACT.model_dump()
    assert entry["report"]["application"] == {
        "complaints": "3 March, the council, C9",
        "wanted": "Somebody visits at night",
    }


async def test_nobody_anonymous_is_given_one(escalate: Escalate, pool: Pool):
    for contact in (None, Contact(name="Jo"), Contact(phone="01632 960001")):
        await escalate(classified(report(**(ASKED | {"contact": contact}))))
    assert await pool.fetchval("select count(*) from case_review") == 0


async def test_asking_for_what_was_offered_tells_the_panel_once(review_id: UUID, escalate: Escalate, pool: Pool):
    """The next revision of the third report asks; read anew by other rules it does not ask again."""
    third = ReportClassified.model_validate_json(await pool.fetchval("select event from cases where reference = 'H-2'"))
    told = third.report.model_copy(update=ASKED | {"revision": 2})
    asks = third.model_copy(update={"revision": 2, "report": told})
    await escalate(asks)
    by_other_rules = asks.assessment and asks.assessment.model_copy(update={"rulebook": "rules-2"})
    await escalate(asks.model_copy(update={"assessment": by_other_rules}), at=NOON + DAY)
    (row,) = await pool.fetch("select id, asked_by from case_review")
    assert (row["id"], row["asked_by"]) == (review_id, "reporter")
    assert await said(pool) == [Progress.review_offered, Progress.review_asked]


async def test_a_closed_review_is_asked_for_again_by_a_person_and_not_by_other_rules(escalate: Escalate, pool: Pool):
    event = classified(report(**ASKED))
    await escalate(event)
    await pool.execute("update case_review set state = 'closed'")
    by_other_rules = event.assessment and event.assessment.model_copy(update={"rulebook": "rules-2"})
    await escalate(event.model_copy(update={"assessment": by_other_rules}), at=NOON + DAY)
    assert await pool.fetchval("select count(*) from case_review") == 1
    again = event.report.model_copy(update={"revision": 2, "case_review_asked_at": NOON + 40 * DAY})
    await escalate(event.model_copy(update={"revision": 2, "report": again}))
    assert await pool.fetchval("select count(*) from case_review where state = 'proposed'") == 1


async def test_an_operator_may_ask_for_one(escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool):
    """It counts by what they say of the report."""
    event = classified(behaviours=("A1",), labels=(Label.other,))
    await escalate(event)
    operator = await sign_in("operator", "northmoor-police")
    await override(event.report_id, client, operator, "asb")
    answer = await client.post(f"/v1/reports/{event.report_id}/case-review", headers=operator)
    assert answer.status_code == 201
    row = await pool.fetchrow("select asked_by, timeline from case_review")
    assert (row["asked_by"], row["timeline"][0]["why"]) == ("operator", "counts")


async def test_what_an_operator_asks_for_is_delivered_to_the_panel_and_stays_there(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool, rules: Rules
):
    """With a target, whatever the rules read next; asked for again while it is open, once."""
    event = classified(behaviours=("A3",))
    await escalate(event)
    operator, panel = await sign_in("operator", "northmoor-police"), await sign_in("agency", PANEL)
    answers = [await client.post(f"/v1/reports/{event.report_id}/case-review", headers=operator) for _ in range(2)]
    by_other_rules = event.assessment and event.assessment.model_copy(update={"rulebook": "rules-2"})
    await escalate(event.model_copy(update={"assessment": by_other_rules}), at=NOON + DAY)
    assert answers[0].json() == answers[1].json()
    (entry,) = (await client.get(f"/v1/agencies/{PANEL}/reports", headers=panel)).json()["reports"]
    assert (entry["kind"], entry["queue"], entry["report"]["text"]) == ("report", "case_review", event.report.text)
    (row,) = await pool.fetch("select state, ground, acknowledge_by from delivery where agency_id = $1", PANEL)
    assert row["state"] == "seen"
    assert row["ground"] == rules.ground(PANEL, event.report)
    assert row["acknowledge_by"] is not None


async def test_what_was_closed_is_asked_for_again_by_an_operator_and_the_panel_begins_anew(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    event = classified(behaviours=("A3",))
    await escalate(event)
    operator = await sign_in("operator", "northmoor-police")
    path = f"/v1/reports/{event.report_id}/case-review"
    await client.post(path, headers=operator)
    await pool.execute("update case_review set state = 'closed'")
    await pool.execute("update delivery set state = 'closed' where agency_id = $1", PANEL)
    assert (await client.post(path, headers=operator)).status_code == 201
    assert await pool.fetchval("select count(*) from case_review where state = 'proposed'") == 1
    states = await pool.fetch("select state from delivery where agency_id = $1 and kind = 'report'", PANEL)
    assert [row["state"] for row in states] == ["queued"]


async def test_what_no_panel_may_have_is_not_asked_for(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool, rules: Rules
):
    """Neither a drill, nor what a panel would need consent for."""
    event = classified(behaviours=("A1",))
    await escalate(event)
    operator = await sign_in("operator", "northmoor-police")
    path = f"/v1/reports/{event.report_id}/case-review"
    await pool.execute("update queue_item set drill = true")
    assert (await client.post(path, headers=operator)).status_code == 422
    await pool.execute("update queue_item set drill = false")
    kinds = [
        one.model_copy(update={"legal_ground": None}) if one.kind is Kind.case_review else one
        for one in rules.directory.kinds
    ]
    other = replace(rules, directory=rules.directory.model_copy(update={"kinds": tuple(kinds)}))
    with pytest.raises(NotNow):
        await ask(event.report_id, "northmoor-police", "sam", other, pool, Bell(pool), NOON)
    assert await pool.fetchval("select count(*) from case_review") == 0
    assert await pool.fetchval("select count(*) from delivery where agency_id = $1", PANEL) == 0


async def test_a_panel_invites_plans_follows_up_and_closes(
    review_id: UUID, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool, rules: Rules
):
    panel, homes = await sign_in("agency", PANEL), await sign_in("agency", "northmoor-homes")
    base = f"/v1/agencies/{PANEL}/case-reviews"
    theirs = f"/v1/agencies/northmoor-homes/case-reviews/{review_id}"
    assert [row["id"] for row in (await client.get(base, headers=panel)).json()] == [str(review_id)]
    assert (await client.get(theirs, headers=homes)).status_code == 404
    action = {"action": "Visit number 9", "owner": "northmoor-homes", "due_on": "2026-04-01"}
    action_id = (await client.post(f"{base}/{review_id}/actions", json=action, headers=panel)).json()["id"]
    await client.post(f"{base}/{review_id}/plan", json={"review_on": "2026-05-01"}, headers=panel)
    seen = (await client.get(theirs, headers=homes)).json()
    assert (seen["invited"], seen["actions"][0]["action"]) == (["northmoor-homes"], "Visit number 9")
    assert (await client.post(f"{theirs}/close", json=CLOSED, headers=homes)).status_code == 403
    begins = datetime(2026, 4, 1, 23, tzinfo=UTC)  # 2 April in the United Kingdom
    looks = (begins - timedelta(seconds=1), begins, begins + DAY)
    assert [await attendance.overdue_actions(pool, as_they_are(rules), at) for at in looks] == [0, 1, 0]
    assert (await client.post(f"{theirs}/actions/{action_id}/done", headers=homes)).status_code == 204
    assert (await client.post(f"{base}/{review_id}/close", json=CLOSED, headers=panel)).status_code == 204
    assert (await client.post(f"{base}/{review_id}/close", json=CLOSED, headers=panel)).status_code == 409
    assert await said(pool) == [Progress.review_offered, Progress.review_planned, Progress.review_closed]
    rows = await pool.fetch("select who, action from audit_entry where action ~ 'review|action' order by id")
    assert [tuple(row) for row in rows] == [
        (f"{PANEL}-agency", "invited to the case review"),
        (f"{PANEL}-agency", "planned an action"),
        (f"{PANEL}-agency", "planned the case review"),
        ("northmoor-homes-agency", "did a planned action"),
        (f"{PANEL}-agency", "closed the case review"),
    ]
    queued = await pool.fetchrow("select queues, reasons from queue_item join cases using (report_id)")
    assert queued["queues"] == ["review"]
    assert queued["reasons"][-1] == "an action of its ASB Case Review is overdue: Northmoor Homes"


async def test_an_action_that_is_sent_again_with_its_key_is_one_line_of_the_plan(
    review_id: UUID, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    panel, path = await sign_in("agency", PANEL), f"/v1/agencies/{PANEL}/case-reviews/{review_id}/actions"
    action = {"action": "Visit number 9", "owner": "northmoor-homes", "due_on": "2026-04-01"}
    keys = [{"Idempotency-Key": key} for key in ("a", "a", "b")]
    answers = [await client.post(path, json=action, headers=panel | key) for key in keys]
    assert [answer.status_code for answer in answers] == [201] * 3
    first, again, other = (answer.json()["id"] for answer in answers)
    assert first == again != other
    assert await pool.fetchval("select count(*) from case_review_action") == 2
    assert await pool.fetchval("select count(*) from audit_entry where action = 'planned an action'") == 2


CLOSED = {"outcome": "an agreement was signed", "tell_reporter": "something_was_done"}


async def test_a_review_is_not_closed_until_somebody_chooses_what_the_reporter_is_told(
    review_id: UUID, sign_in_page: SignInPage, pool: Pool
):
    page = await sign_in_page(Role.agency, "Ada", PANEL)
    form = {"outcome": "an agreement was signed", "tell_reporter": ""}
    refused = await page.post(f"/portal/reviews/{review_id}/close", data=form, headers=OURS)
    assert refused.status_code == 422
    assert '<a href="#close-tell_reporter">Choose what the reporter is told</a>' in refused.text
    assert "an agreement was signed</textarea>" in refused.text
    assert await pool.fetchval("select state from case_review") == "proposed"
    assert await said(pool) == [Progress.review_offered]


async def test_an_action_that_cannot_be_is_still_there_with_its_day(review_id: UUID, sign_in_page: SignInPage):
    page = await sign_in_page(Role.agency, "Ada", PANEL)
    form = {"action": "Fit a noise monitor", "owner": "nobody-of-ours", "due_on": "2026-04-01"}
    refused = await page.post(f"/portal/reviews/{review_id}/actions", data=form, headers=OURS)
    assert refused.status_code == 422
    assert "No agency of the directory has this id." in refused.text
    assert "Fit a noise monitor</textarea>" in refused.text
    assert 'value="2026-04-01"' in refused.text
    assert refused.text.count('<details class="panel" open>') == 1


async def test_nobody_is_invited_or_given_an_action_until_somebody_chooses_whom(
    review_id: UUID, sign_in_page: SignInPage, pool: Pool
):
    page = await sign_in_page(Role.agency, "Ada", PANEL)
    form = (await page.get(f"/portal/reviews/{review_id}")).text
    for name in ("invitations-agency", "actions-owner"):
        select = form[form.index(f'<select id="{name}"') :]
        assert re.match(r'<select[^>]* required>\s*<option value="">Choose</option>', select)
    invited = form[form.index('<select id="invitations-agency"') :]
    assert PANEL not in invited[: invited.index("</select>")]
    refused = await page.post(f"/portal/reviews/{review_id}/invitations", data={"agency": ""}, headers=OURS)
    assert "Choose the agency" in refused.text
    line = {"action": "x", "owner": "", "due_on": "2026-04-01"}
    refused = await page.post(f"/portal/reviews/{review_id}/actions", data=line, headers=OURS)
    assert "Choose who does it" in refused.text
    assert await pool.fetchval("select count(*) from case_review_agency") == 0


@pytest.mark.parametrize("by", ["page", "program"])
async def test_an_invitation_can_be_taken_back_by_its_panel_alone(
    review_id: UUID, client: httpx.AsyncClient, sign_in: SignIn, sign_in_page: SignInPage, pool: Pool, by: str
):
    panel, homes = await sign_in("agency", PANEL), await sign_in("agency", "northmoor-homes")
    base = f"/v1/agencies/{PANEL}/case-reviews/{review_id}"
    theirs = f"/v1/agencies/northmoor-homes/case-reviews/{review_id}"
    await client.post(f"{base}/invitations", json={"agency": "northmoor-homes"}, headers=panel)
    refused = await client.delete(f"{theirs}/invitations/northmoor-homes", headers=homes)
    assert (refused.status_code, (await client.get(theirs, headers=homes)).status_code) == (403, 200)
    for _ in range(2):
        if by == "program":
            answer = await client.delete(f"{base}/invitations/northmoor-homes", headers=panel)
            assert answer.status_code == 204
        else:
            page = await sign_in_page(Role.agency, "Ada", PANEL)
            path = f"/portal/reviews/{review_id}/invitations/northmoor-homes/take-back"
            assert (await page.post(path, headers=OURS)).status_code == 303
    assert (await client.get(theirs, headers=homes)).status_code == 404
    whom = await pool.fetch("select detail from audit_entry where action = 'taken out of the case review'")
    assert [row["detail"]["body"] for row in whom] == ["northmoor-homes"]


async def test_two_who_close_a_review_at_once_tell_the_reporter_once(
    review_id: UUID, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    """The same of its plan."""
    panel, base = await sign_in("agency", PANEL), f"/v1/agencies/{PANEL}/case-reviews/{review_id}"
    for what, given, answers in (("plan", {"review_on": "2026-05-01"}, [204, 204]), ("close", CLOSED, [204, 409])):
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("select from case_review for update")
            both = [asyncio.create_task(client.post(f"{base}/{what}", json=given, headers=panel)) for _ in range(2)]
            await until_waiting(pool, 2)
        assert sorted(answer.status_code for answer in await asyncio.gather(*both)) == answers
    assert await said(pool) == [Progress.review_offered, Progress.review_planned, Progress.review_closed]


async def test_two_complaints_of_one_household_in_one_instant_propose_one_review(escalate: Escalate, pool: Pool):
    for number in range(2):
        await escalate(linked(number, CONTACT))
    third, fourth = linked(2, CONTACT), linked(3, CONTACT)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("lock table case_review in share mode")  # whoever looks sees none; none is added
        both = [asyncio.create_task(escalate(one)) for one in (third, fourth)]
        await until_waiting(pool, 2)
    await asyncio.gather(*both)
    assert len(await reviewed(pool)) == 1


async def test_an_outcome_for_a_review_that_was_closed_meanwhile_is_shown_to_be_copied(
    review_id: UUID, sign_in_page: SignInPage, pool: Pool
):
    await pool.execute("update case_review set state = 'closed', outcome = 'withdrawn'")
    page = await sign_in_page(Role.agency, "Ada", PANEL)
    refused = await page.post(f"/portal/reviews/{review_id}/close", data=CLOSED, headers=OURS)
    assert refused.status_code == 409
    assert "This review is closed." in refused.text
    assert "an agreement was signed</textarea>" in refused.text


async def test_a_program_cannot_say_nothing_either(review_id: UUID, client: httpx.AsyncClient, sign_in: SignIn):
    path = f"/v1/agencies/{PANEL}/case-reviews/{review_id}/close"
    blank = CLOSED | {"outcome": "   "}
    refused = await client.post(path, json=blank, headers=await sign_in("agency", PANEL))
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == ["outcome"]


async def test_the_body_complained_of_is_not_invited_to_speak_of_it(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    answers = Answers(party_organisation="Northmoor Homes")
    await escalate(classified(report(answers=answers, contact=CONTACT), behaviours=("A3",), reported_before=3))
    panel = await sign_in("agency", PANEL)
    base = f"/v1/agencies/{PANEL}/case-reviews/{await pool.fetchval('select id from case_review')}"
    action = {"action": "x", "owner": "northmoor-homes", "due_on": "2026-04-01"}
    tried = (("invitations", {"agency": "northmoor-homes"}), ("actions", action))
    for what, given in (*tried, ("invitations", {"agency": "nobody"})):
        assert (await client.post(f"{base}/{what}", json=given, headers=panel)).status_code == 422
    assert await pool.fetchval("select count(*) from case_review_agency") == 0
    allowed = {"agency": "northmoor-council-asb"}
    assert (await client.post(f"{base}/invitations", json=allowed, headers=panel)).status_code == 204


async def test_whoever_was_invited_and_is_then_complained_of_sees_no_more_of_it(
    review_id: UUID, escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn
):
    panel, homes = await sign_in("agency", PANEL), await sign_in("agency", "northmoor-homes")
    base = f"/v1/agencies/{PANEL}/case-reviews/{review_id}"
    theirs = f"/v1/agencies/northmoor-homes/case-reviews/{review_id}"
    await client.post(f"{base}/invitations", json={"agency": "northmoor-homes"}, headers=panel)
    assert (await client.get(theirs, headers=homes)).status_code == 200
    one = complaint(NOON + 40 * DAY, "H-3")
    history = History(reports=3, references=("H-2", "H-1", "H-0"))
    told = {"history": history, "contact": CONTACT, "answers": Answers(party_organisation="Northmoor Homes")}
    await escalate(one.model_copy(update={"report": one.report.model_copy(update=told)}))
    assert (await client.get(theirs, headers=homes)).status_code == 404
    assert (await client.get(base, headers=panel)).json()["invited"] == []


async def test_whoever_is_invited_while_a_complaint_about_them_comes_in_is_not_in_it(
    review_id: UUID,
    escalate: Escalate,
    client: httpx.AsyncClient,
    sign_in: SignIn,
    pool: Pool,
):
    """Between the look at the complaints and the invitation, which waits here for one like it, a complaint is told."""
    panel = await sign_in("agency", PANEL)
    base = f"/v1/agencies/{PANEL}/case-reviews/{review_id}"
    homes = {"agency": "northmoor-homes"}
    async with pool.acquire() as connection:
        like_it = connection.transaction()
        await like_it.start()
        await case_reviews.invite(connection, review_id, homes["agency"], PANEL, NOON)
        invited = asyncio.create_task(client.post(f"{base}/invitations", json=homes, headers=panel))
        await until_waiting(pool, 1)
        told = asyncio.create_task(told_more_of("H-1", "Northmoor Homes", escalate, pool))
        await until_waiting(pool, 2)
        await like_it.rollback()
    await asyncio.gather(invited, told)
    assert (await client.get(base, headers=panel)).json()["invited"] == []


async def test_a_panel_hears_of_no_review_of_complaints_of_which_one_is_about_itself(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    """However many others there are: the control room has it for review, and may not ask that panel either."""
    for number in range(3):
        one = linked(number, CONTACT)
        about = Answers(party_organisation="Moor and Vale ASB Case Review panel") if number == 0 else Answers()
        await escalate(one.model_copy(update={"report": one.report.model_copy(update={"answers": about})}))
    assert await pool.fetchval("select count(*) from case_review") == 0
    assert await pool.fetchval("select count(*) from delivery where agency_id = $1", PANEL) == 0
    row = await pool.fetchrow(
        "select report_id, queues from queue_item join cases using (report_id) where reference = 'H-2'"
    )
    assert row["queues"] == ["review"]
    operator = await sign_in("operator", "northmoor-police")
    assert (await client.post(f"/v1/reports/{row['report_id']}/case-review", headers=operator)).status_code == 409
    assert await said(pool) == []


async def told_more_of(reference: str, about: str, escalate: Escalate, pool: Pool) -> None:
    """An earlier complaint says by now whom it is about."""
    event = ReportClassified.model_validate_json(
        await pool.fetchval("select event from cases where reference = $1", reference)
    )
    more = {"revision": 2, "answers": Answers(party_organisation=about)}
    await escalate(event.model_copy(update={"revision": 2, "report": event.report.model_copy(update=more)}))


async def test_whoever_was_invited_sees_no_more_once_any_of_the_complaints_is_about_them(
    review_id: UUID, escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    panel, homes = await sign_in("agency", PANEL), await sign_in("agency", "northmoor-homes")
    invitations = f"/v1/agencies/{PANEL}/case-reviews/{review_id}/invitations"
    await client.post(invitations, json={"agency": "northmoor-homes"}, headers=panel)
    theirs = f"/v1/agencies/northmoor-homes/case-reviews/{review_id}"
    assert (await client.get(theirs, headers=homes)).status_code == 200
    await told_more_of("H-1", "Northmoor Homes", escalate, pool)
    assert (await client.get(theirs, headers=homes)).status_code == 404


async def test_an_earlier_complaint_that_is_read_anew_takes_none_of_the_later_ones_out(
    review_id: UUID, escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    """Those before it are all that it knows of: whom the later ones complain of is still not invited."""
    await told_more_of("H-2", "Northmoor Homes", escalate, pool)
    first = await pool.fetchval("select report_id from cases where reference = 'H-0'")
    operator = await sign_in("operator", "northmoor-police")
    assert (await client.post(f"/v1/reports/{first}/case-review", headers=operator)).status_code == 201
    (row,) = await pool.fetch("select id, timeline from case_review")
    assert (row["id"], [one["reference"] for one in row["timeline"]]) == (review_id, ["H-0", "H-1", "H-2"])
    panel = await sign_in("agency", PANEL)
    invitations = f"/v1/agencies/{PANEL}/case-reviews/{review_id}/invitations"
    assert (await client.post(invitations, json={"agency": "northmoor-homes"}, headers=panel)).status_code == 422


async def test_whoever_is_invited_is_vetted_by_every_complaint_of_the_review(
    review_id: UUID, escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    """By those that are off its timeline too."""
    await told_more_of("H-1", "Northmoor Homes", escalate, pool)
    await pool.execute("update case_review set timeline = timeline - 1")
    panel = await sign_in("agency", PANEL)
    invitations = f"/v1/agencies/{PANEL}/case-reviews/{review_id}/invitations"
    assert (await client.post(invitations, json={"agency": "northmoor-homes"}, headers=panel)).status_code == 422


async def test_a_panel_sees_no_more_of_a_complaint_that_turns_out_to_be_about_itself(
    review_id: UUID, escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    panel = await sign_in("agency", PANEL)
    await told_more_of("H-1", "Moor and Vale ASB Case Review panel", escalate, pool)
    await escalate(linked(3, CONTACT))
    seen = (await client.get(f"/v1/agencies/{PANEL}/case-reviews/{review_id}", headers=panel)).json()
    assert [one["reference"] for one in seen["timeline"]] == ["H-0", "H-2"]


async def test_an_invited_agency_says_of_its_own_actions_only_that_they_are_done(
    review_id: UUID, client: httpx.AsyncClient, sign_in: SignIn
):
    panel = await sign_in("agency", PANEL)
    base = f"/v1/agencies/{PANEL}/case-reviews/{review_id}"
    ids = []
    for owner in ("northmoor-homes", "northmoor-council-asb"):
        action = {"action": "x", "owner": owner, "due_on": str(date(2026, 4, 1))}
        ids.append((await client.post(f"{base}/actions", json=action, headers=panel)).json()["id"])
    homes = await sign_in("agency", "northmoor-homes")
    theirs = f"/v1/agencies/northmoor-homes/case-reviews/{review_id}/actions"
    assert (await client.post(f"{theirs}/{ids[0]}/done", headers=homes)).status_code == 204
    assert (await client.post(f"{theirs}/{ids[1]}/done", headers=homes)).status_code == 403


async def test_no_open_review_is_left_out_however_many_were_closed(
    review_id: UUID, client: httpx.AsyncClient, sign_in: SignIn, pool: Pool
):
    """The oldest of 402: 201 opened after it, and as many closed."""
    columns = "agency_id, report_id, reference, asked_by, offered, timeline"
    for state, closed_at in (("proposed", None), ("closed", NOON)):
        await pool.execute(
            f"""insert into case_review (id, {columns}, state, opened_at, closed_at)
            select gen_random_uuid(), {columns}, $2, opened_at + interval '1 day', $3
            from case_review, generate_series(1, 201) where id = $1""",
            review_id, state, closed_at,
        )  # fmt: skip
    base = f"/v1/agencies/{PANEL}/case-reviews"
    listed = (await client.get(base, headers=await sign_in("agency", PANEL))).json()
    assert [row["state"] for row in listed] == ["proposed"] * 202 + ["closed"] * 200
    assert listed[201]["id"] == str(review_id)
