"""What intake tells of a case beside its reading, and what could not be read at all."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import ConsumerRecord

from services.escalation import consumer
from services.escalation.consumer import Edge
from services.escalation.domain.people import Role
from services.escalation.handlers import directories
from services.escalation.handlers.cases import Rules
from services.escalation.rules_in_force import RulesInForce
from shared.clock import Clock
from shared.cloudevents import Message, encode
from shared.codebook import DangerClass, Label, Strand
from shared.consumer import Record, dead_letter
from shared.database import Pool
from shared.events import (
    Amendment,
    Event,
    FileGiven,
    Lane,
    ReportAmended,
    ReportClassified,
    ReportErased,
    ReportLinked,
    ReportReceived,
    ReportRouted,
)
from shared.kafka import (
    AMENDED,
    CLASSIFIED,
    DISPUTED,
    ERASED,
    GIVEN,
    LINKED,
    PROGRESSED,
    RECEIVED,
    ROUTED,
    agency_topic,
)
from shared.outbox import Bell
from shared.telemetry import new_traceparent
from shared.told import Answers, History, Link, LinkReason, Place, Speaker, Turn
from tests.builders import NOON, assessment, classified, report
from tests.escalation.conftest import Escalate, SignInPage


def record(message: Message, offset: int = 7) -> Record:
    """The message as a reader gets it."""
    when = int(NOON.timestamp() * 1000)
    key, value, headers = message.key, message.value, tuple(message.headers)
    return ConsumerRecord(message.topic, 0, offset, when, 0, key, value, None, len(key), len(value), headers)


def notice(event: Event, topic: str) -> Record:
    return record(encode(event, topic, "intake", NOON, new_traceparent()))


def edge(pool: Pool) -> Edge:
    return Edge(pool, Bell(pool), RulesInForce(pool), timedelta(seconds=5), Clock(pool))


async def entries(pool: Pool) -> Sequence[Any]:
    return await pool.fetch("select action, detail from audit_entry where who = 'intake' order by id")


async def test_who_was_given_a_file_is_before_the_auditor_once_and_in_no_story(
    escalate: Escalate, pool: Pool, sign_in_page: SignInPage
):
    told = report(reference="H-FILE-1")
    given = FileGiven(report_id=told.report_id, file=uuid4(), given_at=NOON, to="southvale-police", key=uuid4())
    records = [notice(given, GIVEN)]
    await consumer.files_given(records, edge(pool))  # before there is a case
    await escalate(classified(told, labels=(Label.harassment,)))
    await consumer.files_given(records, edge(pool))
    auditor = await sign_in_page(Role.auditor)
    page = (await auditor.get("/audit", params={"reference": "H-FILE-1"})).text
    assert page.count("was given a file") == 1
    assert all(part in page for part in (str(given.file), str(given.key), "southvale-police"))
    operator = await sign_in_page(Role.operator, "Kim")
    case = await operator.get(f"/board/cases/{told.report_id}")
    assert case.status_code == 200
    assert "was given a file" not in case.text


async def test_who_was_given_a_file_is_recorded_of_a_report_that_was_erased_since(
    escalate: Escalate, pool: Pool, sign_in_page: SignInPage
):
    told = report()
    await escalate(classified(told))
    erased = ReportErased(report_id=told.report_id, revision=2, erased_at=NOON, by="kim", reason="asked for")
    await consumer.erased([notice(erased, ERASED)], edge(pool))
    given = FileGiven(report_id=told.report_id, file=uuid4(), given_at=NOON, to="southvale-police", key=uuid4())
    await consumer.files_given([notice(given, GIVEN)], edge(pool))
    auditor = await sign_in_page(Role.auditor)
    assert str(given.file) in (await auditor.get("/audit", params={"reference": str(told.report_id)})).text


async def test_a_case_hears_of_later_reports_and_of_what_was_told_later_once(
    escalate: Escalate, pool: Pool, sign_in_page: SignInPage
):
    earlier, later = report(reference="H-EARLIER-1"), report(reference="H-LATER-2")
    linked = ReportLinked(
        report_id=earlier.report_id,
        later_id=later.report_id,
        later_reference=later.reference,
        linked_at=NOON,
        reasons=(LinkReason.address,),
        words=("14",),
    )
    withdrawn = ReportAmended(
        report_id=earlier.report_id, revision=2, kind=Amendment.withdrawal_asked, amended_at=NOON, text=None
    )
    told = [notice(linked, LINKED), notice(withdrawn, AMENDED)]
    await consumer.told(told, edge(pool))  # before there is a case
    await escalate(classified(earlier, labels=(Label.harassment,)), classified(later))
    await consumer.told(told, edge(pool))
    assert [row["action"] for row in await entries(pool)] == [
        "linked a later report", "was asked to withdraw, perhaps under pressure",
    ]  # fmt: skip
    page = (await (await sign_in_page(Role.operator)).get(f"/board/cases/{earlier.report_id}")).text
    assert "H-LATER-2</a>: the same address" in page
    assert f'href="/board/cases/{later.report_id}"' in page
    assert "perhaps under pressure" in page


async def test_a_later_report_names_the_earlier_ones_and_why(escalate: Escalate, sign_in_page: SignInPage):
    earlier = report(reference="H-EARLIER-1")
    link = Link(
        report_id=earlier.report_id,
        reference=earlier.reference,
        received_at=NOON,
        reasons=(LinkReason.party,),
        words=("flag",),
    )
    later = report(history=History(reports=1, references=("H-EARLIER-1",), links=(link,)))
    await escalate(classified(earlier), classified(later, labels=(Label.harassment,)))
    page = (await (await sign_in_page(Role.operator)).get(f"/board/cases/{later.report_id}")).text
    assert "H-EARLIER-1</a>: the same other party (“flag”)" in page


@pytest.mark.parametrize("kind", Amendment)
async def test_a_notice_wakes_whoever_has_the_case_open_and_closes_nothing(
    escalate: Escalate, pool: Pool, kind: Amendment
):
    told = report()
    await escalate(classified(told, labels=(Label.harassment,)))
    before = await pool.fetchval("select version from queue_item")
    amended = ReportAmended(report_id=told.report_id, revision=2, kind=kind, amended_at=NOON, text="x")
    await consumer.told([notice(amended, AMENDED)], edge(pool))
    assert tuple(await pool.fetchrow("select version, state from queue_item")) == (before + 1, "open")


async def test_what_is_told_later_gives_the_classifier_its_time_from_then_on(
    escalate: Escalate, pool: Pool, rules: Rules
):
    await directories.load_directory(rules.directory, pool, NOON)
    event = classified(labels=(Label.harassment,))
    await escalate(event)
    more = event.report.model_copy(update={"revision": 2, "lane": Lane.urgent})
    told = record(encode(more, RECEIVED[Lane.urgent], "intake", datetime.now(UTC), new_traceparent()))
    reader = replace(edge(pool), unread_after=timedelta(seconds=6))
    async with asyncio.TaskGroup() as beside:
        beside.create_task(consumer.received_urgent([told], reader))
        await asyncio.sleep(0.3)
        await escalate(classified(more, labels=(Label.harassment,)))
    assert await pool.fetchval("select count(*) from audit_entry where action = 'opened, not yet read'") == 0
    assert tuple(await pool.fetchrow("select revision, reading from cases")) == (2, 1)


async def test_threats_told_by_a_clock_that_is_ahead_wait_no_longer_than_others(pool: Pool, rules: Rules):
    await directories.load_directory(rules.directory, pool, NOON)
    ahead = datetime.now(UTC) + timedelta(hours=1)
    told = [report(lane=Lane.urgent, received_at=ahead) for _ in range(80)]
    topic = RECEIVED[Lane.urgent]
    letters = [record(encode(one, topic, "intake", ahead, new_traceparent())) for one in told]
    reader = replace(edge(pool), unread_after=timedelta(seconds=0.5))
    async with asyncio.timeout(30):
        await consumer.received_urgent(letters, reader)
    assert await pool.fetchval("select count(*) from cases") == len(told)


async def test_whatever_was_set_aside_is_the_supervisors_to_see_until_it_is_read(
    escalate: Escalate, pool: Pool, sign_in_page: SignInPage, rules: Rules
):
    await directories.load_directory(rules.directory, pool, NOON)
    now = datetime.now(UTC)
    told = report(lane=Lane.urgent)
    topic = RECEIVED[Lane.urgent]
    unread = record(encode(told, topic, "intake", NOON, new_traceparent()))
    broken = record(Message(PROGRESSED, b"", b"{ not json", (("theirs", None),)))
    letters = [
        record(dead_letter(unread, "classifier.urgent", "ValueError", now), 0),
        record(dead_letter(broken, "intake.progressed", "not JSON", now), 1),
    ]
    for _ in range(2):
        await consumer.dead(letters, edge(pool))
    supervisor = await sign_in_page(Role.supervisor)
    page = (await supervisor.get("/supervisor")).text
    assert "Dead letters: 2" in page
    for words in ("classifier.urgent", "ValueError", "intake.progressed", told.reference, "0/1"):
        assert words in page
    await escalate(classified(told, assessment(danger_class=DangerClass.violence_threatened)), at=now)
    assert "Dead letters: 1" in (await supervisor.get("/supervisor")).text


@pytest.mark.parametrize("topic", [AMENDED, LINKED, ERASED, PROGRESSED, DISPUTED])
async def test_what_was_set_aside_about_a_case_that_is_read_is_seen_too(
    escalate: Escalate, pool: Pool, sign_in_page: SignInPage, rules: Rules, topic: str
):
    """That somebody asked to withdraw, or that two do not belong together: nobody publishes it again."""
    await directories.load_directory(rules.directory, pool, NOON)
    event = classified()
    await escalate(event)
    broken = record(Message(topic, b"", b"{ not json", (("ce_subject", str(event.report_id).encode()),)))
    await consumer.dead([record(dead_letter(broken, "a reader", "not JSON", datetime.now(UTC)))], edge(pool))
    assert "Dead letters: 1" in (await (await sign_in_page(Role.supervisor)).get("/supervisor")).text


async def test_a_dead_letter_is_for_the_force_that_has_its_report_and_one_of_no_report_for_every_force(
    pool: Pool, sign_in_page: SignInPage, rules: Rules
):
    await directories.load_directory(rules.directory, pool, NOON)
    ours, theirs = report(reference="H-OURS-1"), report(reference="H-THEIRS-2", place=Place(postcode="ZZ4 1AB"))
    nowhere = report(reference="H-NOWHERE-3", place=Place())
    told, topic = (ours, theirs, nowhere), RECEIVED[Lane.urgent]
    unread = [record(encode(one, topic, "intake", NOON, new_traceparent())) for one in told]
    broken = record(Message(PROGRESSED, b"", b"{ not json", ()))
    letters = [dead_letter(one, "classifier.urgent", "ValueError", datetime.now(UTC)) for one in (*unread, broken)]
    await consumer.dead([record(letter, offset) for offset, letter in enumerate(letters)], edge(pool))
    page = (await (await sign_in_page(Role.supervisor)).get("/supervisor")).text
    assert "Dead letters: 3" in page
    assert [one.reference in page for one in told] == [True, False, True]
    page = (await (await sign_in_page(Role.supervisor, "Kit", "southvale-police")).get("/supervisor")).text
    assert "Dead letters: 3" in page
    assert [one.reference in page for one in told] == [False, True, True]


async def traces(pool: Pool) -> set[tuple[str, str]]:
    """What waits to be published: its topic, and the trace that it goes under."""
    return {tuple(row) for row in await pool.fetch("select topic, headers ->> 'ce_traceparent' from outbox")}


async def test_what_follows_from_a_report_goes_on_under_its_trace(pool: Pool, rules: Rules):
    await directories.load_directory(rules.directory, pool, NOON)
    event, council = classified(behaviours=("A4",)), agency_topic("northmoor-council-asb")
    read = encode(event, CLASSIFIED[Lane.ordinary], "classifier", NOON, new_traceparent())
    gone = ReportErased(report_id=event.report_id, revision=2, erased_at=NOON, by="kim", reason="asked for")
    erased = encode(gone, ERASED, "intake", NOON, new_traceparent())
    unread = encode(classified().report, RECEIVED[Lane.ordinary], "intake", NOON, new_traceparent())
    first, second, third = (dict(message.headers)["ce_traceparent"].decode() for message in (read, erased, unread))
    await consumer.classified([record(read)], edge(pool))
    assert await traces(pool) == {(ROUTED, first), (council, first)}
    await consumer.erased([record(erased)], edge(pool))
    assert await traces(pool) == {(ROUTED, second), (council, second)}
    await consumer.dead([record(dead_letter(record(unread), "classifier.ordinary", "ValueError", NOON))], edge(pool))
    assert await traces(pool) == {(ROUTED, second), (council, second), (ROUTED, third)}


async def set_aside(topic: str, value: bytes, pool: Pool, rules: Rules) -> ReportReceived:
    """What a person has before them of a message that somebody set aside."""
    await directories.load_directory(rules.directory, pool, NOON)
    letter = dead_letter(record(Message(topic, b"", value, ())), "escalation.ordinary", "enum", NOON)
    await consumer.dead([record(letter)], edge(pool))
    event = await pool.fetchval("select event from cases")
    return ReportClassified.model_validate_json(event).report


async def test_what_of_a_report_is_not_of_our_time_costs_that_alone(pool: Pool, rules: Rules):
    turns = [Turn(speaker=Speaker.caller, text=text) for text in ("Hello?", "He is here.", "Help.")]
    answers = Answers(safe_contact="Never ring.", strands=(Strand.race, Strand.age))
    told = report(revision=3, answers=answers, turns=turns, consent=("council",))
    event = classified(told).model_dump(mode="json")
    event["assessment"]["primary"] = event["report"]["answers"]["strands"][0] = "of tomorrow"
    event["report"]["consent"] = "to all"
    event["report"]["turns"][0] |= {"speaker": "robot", "text": None}
    del event["report"]["turns"][1]["text"]
    kept = await set_aside(CLASSIFIED[Lane.ordinary], json.dumps(event).encode(), pool, rules)
    left = told.answers.model_copy(update={"strands": (Strand.age,)})
    assert kept == told.model_copy(update={"answers": left, "turns": (turns[2],), "consent": ()})
    receipt = ReportRouted.model_validate_json(await pool.fetchval("select receipt from cases"))
    assert receipt.revision == 3
    assert [(one.agency, one.queue) for one in receipt.destinations] == [
        ("northmoor-police", "control_room"),
        ("northmoor-police", "review"),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (report(text="Help, he").model_dump_json().partition(", he")[0].encode(), "Help"),
        (b"\xff\0 not JSON", "\ufffd\ufffd not JSON"),
        (b"[1]", "[1]"),
        (b'{"report": 1, "text": "Help"}', "Help"),
        (b"", ""),
    ],
)
async def test_words_are_kept_as_far_as_they_came_and_else_the_bytes(value: bytes, text: str, pool: Pool, rules: Rules):
    assert (await set_aside(RECEIVED[Lane.urgent], value, pool, rules)).text == text


async def test_what_cannot_be_read_at_one_place_of_two_brokers_is_two_reports_whoever_could_not_read_it(
    pool: Pool, rules: Rules
):
    await directories.load_directory(rules.directory, pool, NOON)
    messages = [record(Message(RECEIVED[Lane.urgent], b"", value, ())) for value in (b"Help, he is here", b"Fire")]
    for days, message in enumerate(messages):
        for reader in ("classifier.urgent", "escalation.urgent"):
            letter = dead_letter(message, reader, "json", NOON + timedelta(days=days))
            await consumer.dead([record(letter)], edge(pool))
    assert await pool.fetchval("select count(*) from cases") == 2


async def test_what_nobody_could_read_has_its_reference_once_it_is_read_after_all_and_keeps_it(
    pool: Pool, rules: Rules
):
    await directories.load_directory(rules.directory, pool, NOON)
    event = classified()
    read = encode(event, CLASSIFIED[Lane.ordinary], "classifier", NOON, new_traceparent())
    broken = record(dead_letter(record(Message(read.topic, read.key, b"{", read.headers)), "escalation", "json", NOON))
    found = []
    for came in (consumer.dead, consumer.classified, consumer.dead):
        await came([broken if came is consumer.dead else record(read)], edge(pool))
        found.append(await pool.fetchval("select reference from cases where report_id = $1", event.report_id))
    assert found == ["unreadable", event.report.reference, event.report.reference]
