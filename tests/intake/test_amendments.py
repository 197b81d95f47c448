"""More is told, or a withdrawal asked for: the same report, whole, read anew; and nothing is closed by it."""

import asyncio
from datetime import timedelta

import pytest
from aiokafka.structs import RecordMetadata, TopicPartition

from services.intake.errors import UnknownReference
from services.intake.handlers import reports
from services.intake.handlers.amendments import add_more, ask_for_review, ask_to_withdraw
from services.intake.handlers.reports import Accepted
from services.intake.repository.reports import await_receipt, hold
from shared.database import Pool, transaction
from shared.events import Amendment, Lane, ReportAmended
from shared.kafka import AMENDED
from shared.outbox import Bell
from shared.relay import Sent
from shared.told import Channel, Contact, Place
from tests.builders import NOON, receipt
from tests.infrastructure import until_waiting
from tests.intake.telling import DAY, RING, event_of, tell


async def amended(pool: Pool) -> list[ReportAmended]:
    rows = await pool.fetch("select value from outbox where topic = $1 order by id", AMENDED)
    return [ReportAmended.model_validate_json(row["value"]) for row in rows]


async def add(pool: Pool, to: Accepted, text: str) -> None:
    await add_more(to.reference, to.secret, text, pool, Bell(pool), RING, NOON + DAY)


async def test_more_stands_at_the_end_and_moves_nothing(pool: Pool):
    first = await tell(pool, "He follows me.")
    await add(pool, first, "He was outside again today.")
    report = await event_of(pool, first.report_id)
    assert report.revision == 2
    (addition,) = report.additions
    assert report.text[: len("He follows me.")] == "He follows me."
    assert report.text[addition.start :] == "He was outside again today."
    (event,) = await amended(pool)
    assert (event.kind, event.revision, event.text) == (Amendment.more_told, 2, "He was outside again today.")


async def test_more_of_a_call_is_the_callers_next_turn(pool: Pool):
    first = await tell(pool, "OPERATOR: Police?\nCALLER: Hello", channel=Channel.phone)
    await add(pool, first, "It was Dave.")
    report = await event_of(pool, first.report_id)
    assert report.text.endswith("\nCALLER: It was Dave.")
    assert report.text[report.additions[0].start :] == "It was Dave."


async def test_a_threat_told_later_takes_the_urgent_lane(pool: Pool):
    first = await tell(pool, "Music until four.")
    await add(pool, first, "He says he will stab me.")
    assert (await event_of(pool, first.report_id)).lane is Lane.urgent
    rows = await pool.fetch("select topic, revision from outbox where topic like 'reports.received%'")
    assert [tuple(row) for row in rows] == [("reports.received.urgent", 2)]


async def test_more_told_may_show_that_it_belongs_with_an_earlier_report(pool: Pool):
    earlier = await tell(pool, "Loud.", party="Dave")
    first = await tell(pool, "Loud music.", now=NOON + DAY)
    await add(pool, first, "It is a man called Dave.")
    report = await event_of(pool, first.report_id)
    assert [link.report_id for link in report.history.links] == [earlier.report_id]


async def test_a_place_told_later_is_known_by_too(pool: Pool):
    earlier = await tell(pool, "Loud.", party="Dave")
    first = await tell(pool, "Dave is loud.", party="Dave", postcode=None, now=NOON + DAY)
    await add(pool, first, "It is at ZZ1 4AB.")
    assert (await event_of(pool, first.report_id)).history.references == (earlier.reference,)


async def test_asking_to_withdraw_is_a_note_and_closes_nothing(pool: Pool):
    first = await tell(pool, "He follows me.")
    await ask_to_withdraw(first.reference, first.secret, pool, Bell(pool), RING, NOON + DAY)
    report = await event_of(pool, first.report_id)
    assert (report.text, report.withdrawal_asked_at, report.revision) == ("He follows me.", NOON + DAY, 2)
    assert [event.kind for event in await amended(pool)] == [Amendment.withdrawal_asked]


async def test_asking_to_withdraw_again_changes_nothing_until_more_was_told(pool: Pool):
    first = await tell(pool, "He follows me.")

    async def withdraw(days: int) -> int:
        await ask_to_withdraw(first.reference, first.secret, pool, Bell(pool), RING, NOON + days * DAY)
        return (await event_of(pool, first.report_id)).revision

    assert [await withdraw(0), await withdraw(1), await withdraw(2)] == [2, 2, 2]
    await add(pool, first, "He was here again.")
    assert await withdraw(3) == 4
    kinds = [Amendment.withdrawal_asked, Amendment.more_told, Amendment.withdrawal_asked]
    assert [event.kind for event in await amended(pool)] == kinds
    assert (await event_of(pool, first.report_id)).withdrawal_asked_at == NOON


async def test_what_is_told_over_an_allowance_takes_turns_and_so_does_its_notice(pool: Pool):
    first, other = await tell(pool, "He says he will stab me."), await tell(pool, "Loud music.", postcode="ZZ2 4AB")
    await add_more(first.reference, first.secret, "Again.", pool, Bell(pool), RING, NOON, turn="theirs")
    rows = await pool.fetch("select report_id, topic, turn from outbox order by id")
    assert [tuple(row) for row in rows] == [
        (other.report_id, "reports.received", None),
        (first.report_id, "reports.received.urgent", "theirs"),
        (first.report_id, "reports.amended", "theirs"),
    ]


async def test_a_wrong_secret_and_an_unknown_reference_are_refused_alike(pool: Pool):
    first = await tell(pool, "He follows me.")
    for reference, secret in ((first.reference, "guess"), ("H-00000-00000", first.secret)):
        with pytest.raises(UnknownReference, match="Check the reference"):
            await add_more(reference, secret, "More.", pool, Bell(pool), RING, NOON)
    assert await amended(pool) == []


async def test_ten_additions_at_once_are_all_kept(pool: Pool):
    first = await tell(pool, "He follows me.")
    await asyncio.gather(*(add(pool, first, f"Number {n}.") for n in range(10)))
    report = await event_of(pool, first.report_id)
    assert report.revision == 11
    assert sum(f"Number {n}." in report.text for n in range(10)) == 10


async def test_a_receipt_for_the_first_telling_leaves_what_was_added_on_its_way(pool: Pool):
    first = await tell(pool, "He follows me.")
    told = await event_of(pool, first.report_id)
    await add(pool, first, "Again.")
    await reports.close([receipt(told)], pool)
    rows = await pool.fetch("select topic, revision from outbox order by topic")
    assert [tuple(row) for row in rows] == [("reports.amended", 2), ("reports.received", 2)]
    await reports.close([receipt(told, revision=2)], pool)
    assert await pool.fetchval("select topic from outbox") == "reports.amended"


async def test_more_is_told_of_a_report_while_the_receipts_of_several_come(pool: Pool):
    told = [await event_of(pool, (await tell(pool, text)).report_id) for text in ("He follows me.", "They shout.")]
    async with transaction(pool) as connection:
        await hold(connection, [told[1].report_id])
        closing = asyncio.create_task(reports.close([receipt(one) for one in told], pool))
        await until_waiting(pool, 1)
        await connection.execute("delete from outbox where report_id = $1", told[1].report_id)
    await closing
    assert await pool.fetchval("select count(*) from report where receipt is null") == 0


async def test_a_notice_is_done_once_sent_and_a_report_waits_for_its_receipt(pool: Pool):
    first = await tell(pool, "He follows me.")
    await add(pool, first, "Again.")
    place = RecordMetadata("t", 0, TopicPartition("t", 0), 7, None, 0, 0)
    sent = [Sent(row["id"], place) for row in await pool.fetch("select id from outbox")]
    async with transaction(pool) as connection:
        for seconds in (60, 120, 240):
            await await_receipt(connection, sent, 60)
            rows = await connection.fetch("select topic, published, due_at - now() from outbox")
            assert [tuple(row) for row in rows] == [("reports.received", True, timedelta(seconds=seconds))]


async def test_more_that_comes_twice_is_added_once_and_later_is_said_again(pool: Pool):
    first = await tell(pool, "He follows me.")

    async def added(text: str, minutes: int) -> int:
        now = NOON + timedelta(minutes=minutes)
        await add_more(first.reference, first.secret, text, pool, Bell(pool), RING, now)
        return len((await event_of(pool, first.report_id)).additions)

    assert [await added("He is back.", minutes) for minutes in (0, 9, 10)] == [1, 1, 2]
    assert [await added(text, 11) for text in ("With a dog.", "He is back.")] == [3, 4]
    assert len(await amended(pool)) == 4


async def test_a_review_that_is_asked_for_twice_is_one_and_later_is_another(pool: Pool):
    first = await tell(pool, "He follows me.", phone="01632 960001")

    async def asked(minutes: int, name: str = "Sam", safe: str | None = None) -> int:
        now, given = NOON + timedelta(minutes=minutes), (Contact(name=name), safe, Place())
        await ask_for_review(first.reference, first.secret, *given, pool, Bell(pool), RING, now)
        return (await event_of(pool, first.report_id)).revision

    assert [await asked(minutes) for minutes in (0, 9, 10)] == [2, 2, 3]
    assert [await asked(11, "Kim"), await asked(11, "Kim", "By text."), await asked(11, "Kim", "By text.")] == [4, 5, 5]
    assert len(await amended(pool)) == 4
