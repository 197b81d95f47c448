"""What was told before: found, linked, told to the earlier case, parted again; and never shown to a reporter."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from aiokafka import ConsumerRecord

from services.intake.consumer import disputes
from services.intake.domain.households import Keyring
from services.intake.handlers.amendments import add_more
from services.intake.handlers.links import part
from services.intake.handlers.reports import Accepted, close
from shared.clock import Clock
from shared.cloudevents import encode
from shared.codebook import Label, Strand
from shared.database import Pool
from shared.events import LinkDisputed, ReportLinked, ReportReceived
from shared.kafka import DISPUTED, LINKED
from shared.outbox import Bell
from shared.told import Channel, LinkReason
from tests.builders import NOON, receipt
from tests.intake.telling import DAY, RING, event_of, tell

FILE = Path(__file__).parents[1] / "data" / "journeys.jsonl"
JOURNEYS = [json.loads(line) for line in FILE.read_text().splitlines()]


async def told_in_turn(pool: Pool, journey: dict[str, Any]) -> list[ReportReceived]:
    events = []
    for step in journey["reports"]:
        told, answers = step["report"], dict(step["report"]["answers"])
        accepted = await tell(
            pool,
            told["text"],
            now=datetime.fromisoformat(step["at"]).replace(tzinfo=UTC),
            channel=Channel(told["channel"]),
            postcode=answers.pop("postcode"),
            party=answers.pop("about", None),
            **answers,
        )
        events.append(await event_of(pool, accepted.report_id))
    return events


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey["id"])
async def test_a_journey_is_linked_as_a_person_would(pool: Pool, journey: dict[str, Any]):
    events = await told_in_turn(pool, journey)
    linked = journey["gold"]["linked"]
    for number, event in enumerate(events):
        before = [events[n].reference for n in linked if n < number] if number in linked else []
        assert list(event.history.references) == before[::-1]
        assert event.history.reports == len(before)


async def test_fifty_at_one_instant_see_each_other(pool: Pool):
    told = await asyncio.gather(*(tell(pool, "Dave is at it again.", party="Dave") for _ in range(50)))
    events = [await event_of(pool, accepted.report_id) for accepted in told]
    assert sorted(event.history.reports for event in events) == list(range(50))
    assert await pool.fetchval("select count(distinct series) from recognisable") == 1
    assert all(len(event.history.references) == min(event.history.reports, 20) for event in events)


async def test_fifty_at_one_instant_about_fifty_places_wait_for_nobody(pool: Pool):
    places = [f"ZZ{number} 1AA" for number in range(1, 51)]
    told = await asyncio.gather(*(tell(pool, "Dave is at it again.", party="Dave", postcode=at) for at in places))
    assert {(await event_of(pool, accepted.report_id)).history.reports for accepted in told} == {0}


async def test_many_keys_in_many_orders_never_deadlock(pool: Pool):
    numbers = [f"0163296000{n}" for n in range(4)]
    told = [
        tell(pool, "At it again.", party="Dave", postcode=f"ZZ1 {n % 3}AA", phone=numbers[n % 4], now=NOON + n * DAY)
        for n in range(40)
    ]
    assert len(await asyncio.gather(*told)) == 40


async def linked_events(pool: Pool) -> list[ReportLinked]:
    rows = await pool.fetch("select value from outbox where topic = $1 order by id", LINKED)
    return [ReportLinked.model_validate_json(row["value"]) for row in rows]


async def test_the_earlier_case_hears_of_the_later_report_and_why(pool: Pool):
    first = await tell(pool, "Loud music from number 9.")
    second = await tell(pool, "Number 9 again, drums this time.", now=NOON + DAY)
    (event,) = await linked_events(pool)
    assert (event.report_id, event.later_id) == (first.report_id, second.report_id)
    assert event.later_reference == second.reference
    assert (event.reasons, event.words) == ((LinkReason.address,), ("9",))
    (link,) = (await event_of(pool, second.report_id)).history.links
    assert (link.report_id, link.reasons) == (first.report_id, event.reasons)


NOISE = "The drums went on until four."
NOWHERE_NEAR = {"postcode": None, "words": "no4 1st floor"}


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"phone": "01632 960001"}, {"phone": "+44 1632 960001"}, LinkReason.phone),
        ({"email": "Jo@Example.org"}, {"email": " jo@example.org"}, LinkReason.email),
        ({"phone": "01632 960001", "postcode": None}, {"phone": "01632960001", "postcode": None}, LinkReason.phone),
        ({"words": "Flat 9, Tamar House"}, {"words": "9 Tamar House"}, LinkReason.address),
        ({"postcode": "zz14ab", "party": "Dave"}, {"words": "in ZZ1 4AB", "postcode": None, "party": "David"}, "party"),
        ({"party": "man in a red fleece"}, {"party": "red fleece, people call him Gaz"}, LinkReason.party),
        ({"party": "ex, Kieran"}, {"party": "Kieran", "postcode": "ZZ9 9ZZ", "phone": "01632 960001"}, None),
    ],
)
async def test_what_links(pool: Pool, one: dict[str, Any], other: dict[str, Any], reason: LinkReason | None):
    await tell(pool, NOISE, **one)
    second = await tell(pool, "Drums, till four.", **other, now=NOON + DAY)
    links = (await event_of(pool, second.report_id)).history.links
    assert [link.reasons for link in links] == ([(reason,)] if reason else [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"postcode": None}, {"postcode": None}),
        ({"party": "Dave"}, {"party": "Lee"}),
        ({"party": "Dave"}, {"party": "Dave", "postcode": "ZZ1 4AD"}),
        ({"party": "two lads in their 20s"}, {"party": "a man in his 20s"}),
        ({"phone": "01632 960001", "party": "my ex, Kieran"}, {"phone": "01632 960001", "party": "neighbour, Sue"}),
        ({"phone": "01632 960001"}, {"phone": "01632 960001", "postcode": "ZZ9 9ZZ"}),
        ({"phone": "withheld"}, {"phone": "withheld"}),
        (NOWHERE_NEAR | {"party": "Dave"}, NOWHERE_NEAR | {"party": "Dave"}),
        ({"party": "Dave", "now": NOON - 800 * DAY}, {"party": "Dave"}),
    ],
)
async def test_what_does_not_link(pool: Pool, one: dict[str, Any], other: dict[str, Any]):
    await tell(pool, NOISE, **one)
    second = await tell(pool, "No one came out to help.", **{"now": NOON + DAY} | other)
    assert (await event_of(pool, second.report_id)).history.reports == 0


async def test_an_officer_who_tells_of_two_households_links_them_by_the_party_alone(pool: Pool):
    officer = {"email": "officer@example.org"}
    await tell(pool, "On behalf of a resident.", postcode="ZZ1 1AA", party="Tank", **officer)
    other = await tell(pool, "On behalf of a resident.", postcode="ZZ2 2BB", party="Sue", **officer)
    same = await tell(pool, "On behalf of a resident.", postcode="ZZ3 3DD", party="Tank", **officer)
    assert (await event_of(pool, other.report_id)).history.reports == 0
    assert (await event_of(pool, same.report_id)).history.reports == 1


async def test_a_household_is_known_under_an_older_key(pool: Pool):
    await tell(pool, NOISE, party="Dave")
    turned = Keyring(RING.reporters, {"2027": "another key", **RING.households})
    second = await tell(pool, "Dave again.", party="Dave", ring=turned, now=NOON + DAY)
    assert (await event_of(pool, second.report_id)).history.reports == 1
    assert {row[0] for row in await pool.fetch("select distinct key_id from household_key")} == {"2026", "2027"}


async def test_a_household_is_known_under_the_key_derived_of_the_secret_before(pool: Pool):
    await tell(pool, NOISE, party="Dave", ring=Keyring.of(RING.reporters, {}))
    turned = Keyring.of(("the secret after it", *RING.reporters), {})
    second = await tell(pool, "Dave again.", party="Dave", ring=turned, now=NOON + DAY)
    assert (await event_of(pool, second.report_id)).history.reports == 1


async def test_a_household_is_known_still_once_a_key_is_given_for_the_first_time(pool: Pool):
    await tell(pool, NOISE, party="Dave", ring=Keyring.of(RING.reporters, {}))
    given = Keyring.of(RING.reporters, {"2027": "the first key"})
    assert next(iter(given.households)) == "2027"
    second = await tell(pool, "Dave again.", party="Dave", ring=given, now=NOON + DAY)
    assert (await event_of(pool, second.report_id)).history.reports == 1


async def test_no_key_can_be_read_back(pool: Pool):
    await tell(pool, NOISE, phone="01632 960001", email="jo@example.org")
    digests = {row["digest"] for row in await pool.fetch("select digest from household_key")}
    assert all(len(digest) == 32 and b"ZZ1" not in digest for digest in digests)
    other = Keyring(("another secret of thirty-two characters",), {"2026": "another household key"})
    await tell(pool, NOISE, phone="01632 960001", email="jo@example.org", ring=other)
    with_both = {row["digest"] for row in await pool.fetch("select digest from household_key")}
    assert len(with_both) == 2 * len(digests), "whoever knows what was told could work the digests out without a key"


async def test_two_people_at_one_address_never_see_each_others(client: httpx.AsyncClient):
    place = {"place": {"postcode": "ZZ1 4AB", "words": "9 Tamar House"}}
    hers, his = [
        (await client.post("/v1/reports", json={"text": text} | place)).json()
        for text in ("He hit me again. Please do not tell him that I wrote.", "She is making things up about me.")
    ]
    for own, others in ((hers, his), (his, hers)):
        key = {"Authorization": f"Bearer {own['secret']}"}
        standing = await client.get(own["status_url"], headers=key)
        assert others["reference"] not in standing.text
        assert "1" not in {str(value) for value in standing.json().values()}
        assert set(standing.json()) == {"reference", "received_at", "stage", "messages", "area_wanted"}
        assert (await client.get(others["status_url"], headers=key)).status_code == 404


async def test_the_same_report_sent_twice_is_not_linked_to_itself(client: httpx.AsyncClient, pool: Pool):
    body = {"text": "Dave again.", "place": {"postcode": "ZZ1 4AB"}, "answers": {"party": "Dave"}}
    for _ in range(2):
        await client.post("/v1/reports", json=body, headers={"Idempotency-Key": "k1 of twenty characters"})
    assert await pool.fetchval("select count(*) from link") == 0
    assert await pool.fetchval("select count(*) from recognisable") == 1


def disputed(one: Accepted, other: Accepted) -> LinkDisputed:
    return LinkDisputed(
        report_id=one.report_id, other_id=other.report_id, disputed_at=NOON, by="Sam", reason="another Dave"
    )


async def three(pool: Pool) -> list[Accepted]:
    return [await tell(pool, f"Dave, time {n}.", party="Dave", now=NOON + n * DAY) for n in range(3)]


async def history_of(pool: Pool, accepted: Accepted) -> int:
    return (await event_of(pool, accepted.report_id)).history.reports


READ: dict[str, Any] = {"labels": (Label.stalking, Label.harassment), "strands": (Strand.race,)}


async def test_a_later_report_is_told_what_the_earlier_ones_were_read_as(pool: Pool):
    first, second, third = await three(pool)
    assert not (await event_of(pool, third.report_id)).history.labels
    await close([receipt(await event_of(pool, first.report_id), **READ)], pool)
    await close([receipt(await event_of(pool, second.report_id), labels=(Label.asb,))], pool)
    fourth = await tell(pool, "Dave, once more.", party="Dave", now=NOON + 4 * DAY)
    history = (await event_of(pool, fourth.report_id)).history
    assert history.labels == (Label.stalking, Label.harassment, Label.asb)
    assert history.strands == (Strand.race,)
    await part([disputed(fourth, first)], pool, Bell(pool), NOON + 5 * DAY)
    history = (await event_of(pool, fourth.report_id)).history
    assert (history.labels, history.strands) == ((), ())


async def test_a_disputed_link_is_undone_and_the_report_read_anew(pool: Pool):
    first, second, third = await three(pool)
    await part([disputed(second, first)], pool, Bell(pool), NOON + 3 * DAY)
    assert [await history_of(pool, one) for one in (first, second, third)] == [0, 0, 1]
    again = await event_of(pool, second.report_id)
    assert (again.revision, again.history.references, again.history.links) == (2, (), ())
    published = "select revision from outbox where report_id = $1 and topic like 'reports.received%'"
    assert [row[0] for row in await pool.fetch(published, second.report_id)] == [2]


class AtNoon(Clock):
    """As the database says, whatever this machine does."""

    def now(self) -> datetime:
        return NOON


async def test_a_dispute_is_heard_at_the_databases_time(pool: Pool):
    first, second, _ = await three(pool)
    sent = encode(disputed(second, first), DISPUTED, "escalation", NOON, "")
    size = len(sent.value)
    record = ConsumerRecord(sent.topic, 0, 0, 0, 0, sent.key, sent.value, None, 0, size, sent.headers)
    await disputes([record], pool, Bell(pool), AtNoon(pool))
    said = await pool.fetchval("select headers ->> 'ce_time' from outbox where revision = 2")
    assert datetime.fromisoformat(said) == NOON


async def test_a_dispute_heard_twice_changes_nothing_more(pool: Pool):
    first, second, third = await three(pool)
    for _ in range(2):
        await part([disputed(second, first)], pool, Bell(pool), NOON + 3 * DAY)
    assert (await event_of(pool, second.report_id)).revision == 2
    assert await history_of(pool, third) == 1


async def test_what_was_parted_is_not_linked_again_by_a_later_report(pool: Pool):
    first, second, third = await three(pool)
    for one in (second, third):
        await part([disputed(one, first)], pool, Bell(pool), NOON + 3 * DAY)
    fourth = await tell(pool, "Dave, once more.", party="Dave", now=NOON + 4 * DAY)
    history = (await event_of(pool, fourth.report_id)).history
    assert first.reference not in history.references
    assert history.reports >= 1


async def more(told: Accepted, text: str, pool: Pool) -> None:
    await add_more(told.reference, told.secret, text, pool, Bell(pool), RING, NOON + 2 * DAY)


async def test_more_told_of_an_earlier_report_makes_it_no_later_one(pool: Pool):
    first, second, _ = await three(pool)
    before = await linked_events(pool)
    await more(first, "Dave has a key.", pool)
    await more(second, "Dave has a dog.", pool)
    assert [one.report_id for one in (await event_of(pool, first.report_id)).history.links] == []
    assert [one.report_id for one in (await event_of(pool, second.report_id)).history.links] == [first.report_id]
    assert await linked_events(pool) == before


async def merged(pool: Pool) -> list[Accepted]:
    """Two who told of one household each, and a third who belongs with both: the newest one's series stays."""
    told = zip(("Kieran", "Dave", "Kieran and Dave"), ("Drums.", "Bins.", "At it."), strict=True)
    return [await tell(pool, text, party=party, now=NOON + n * DAY) for n, (party, text) in enumerate(told)]


async def test_more_told_of_a_report_that_was_merged_leaves_it_where_it_belongs(pool: Pool):
    first, _, third = await merged(pool)
    assert await history_of(pool, third) == 2
    for words in ("More.", "Yet more."):
        await more(first, words, pool)
        assert await pool.fetchval("select count(distinct series) from recognisable") == 1
        assert (await event_of(pool, first.report_id)).history.links == ()
    await part([disputed(third, first)], pool, Bell(pool), NOON + 3 * DAY)
    assert first.reference not in (await event_of(pool, third.report_id)).history.references


async def test_more_told_of_a_report_that_was_parted_leaves_it_where_it_belongs(pool: Pool):
    first, second = [await tell(pool, f"Dave, time {n}.", party="Dave", now=NOON + n * DAY) for n in range(2)]
    await part([disputed(second, first)], pool, Bell(pool), NOON + 2 * DAY)
    third = await tell(pool, "Dave, time 3.", party="Dave", now=NOON + 3 * DAY)
    kept = "select array_agg(series order by received_at) from recognisable"
    before = await pool.fetchval(kept)
    await more(second, "More.", pool)
    assert await pool.fetchval(kept) == before
    assert await history_of(pool, third) == 1


async def test_a_report_whose_place_is_learnt_once_another_came_is_linked_to_it_until_that_is_disputed(pool: Pool):
    first = await tell(pool, "Drums, at number 9.", postcode=None)
    second = await tell(pool, "Number 9 again.", now=NOON + DAY)
    await more(first, "It is in ZZ1 4AB.", pool)
    assert [one.report_id for one in (await event_of(pool, first.report_id)).history.links] == [second.report_id]
    await part([disputed(second, first)], pool, Bell(pool), NOON + 3 * DAY)
    assert second.reference not in (await event_of(pool, first.report_id)).model_dump_json()


async def test_a_dispute_about_what_intake_never_linked_is_kept_for_later(pool: Pool):
    first = await tell(pool, NOISE, party="Dave")
    second = await tell(pool, NOISE, party="Lee", now=NOON + DAY)
    await part([disputed(second, first)], pool, Bell(pool), NOON + DAY)
    unknown = LinkDisputed(report_id=UUID(int=1), other_id=UUID(int=2), disputed_at=NOON, by="Sam", reason="no")
    await part([unknown], pool, Bell(pool), NOON + DAY)
    assert await pool.fetchval("select count(*) from link where disputed_at is not null") == 1


async def test_a_household_with_many_reports_is_told_in_bounded_time(pool: Pool):
    for n in range(130):
        await tell(pool, f"Dave, time {n}.", party="Dave", now=NOON + timedelta(minutes=n))
    last = await tell(pool, "Dave.", party="Dave", now=NOON + DAY)
    event = await event_of(pool, last.report_id)
    assert event.history.reports == 130
    assert len(event.history.links) == len(event.history.references) == 20
