"""What the promise is for, seen from outside: a new assessment, messages that cannot be read, the audit.

Receipts lost, a classifier that is off and a broker that comes back empty are among the faults (tests/faults).
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from deploy.local import samples
from deploy.local.errors import StartFailed
from deploy.local.stack import Stack
from shared.cloudevents import Message, encode
from shared.codebook import DangerClass, Label, Threat
from shared.database import create_pool
from shared.events import Lane
from shared.kafka import CLASSIFIED, RECEIVED, Producer
from shared.telemetry import correlation_id, new_traceparent
from tests.builders import classified, report
from tests.e2e.conftest import Tell, eventually, nothing

NOISE = "Loud music from number 9 until four in the morning, the first time ever."


def audit(stack: Stack, limit: float = 60) -> str:
    return stack.heard("audit", "--limit", str(limit))


async def publish(stack: Stack, *messages: Message) -> None:
    producer = Producer(stack.kafka)
    await producer.send(messages)
    await producer.close()


async def test_a_new_assessment_regrades_the_one_case(tell: Tell, stack: Stack):
    sent = await tell("web", NOISE)
    async with create_pool(stack.postgres.url("escalation"), 2) as pool:
        row = await pool.fetchrow("select report_id, event from cases where reference = $1", sent.reference)
        told = report(report_id=row["report_id"], reference=sent.reference)
        event = classified(
            told,
            rulebook="another",
            reading=3,
            labels=(Label.harassment,),
            threat=Threat.imminent,
            danger_class=DangerClass.life_at_risk,
        )
        topic = CLASSIFIED[Lane.urgent]
        await publish(stack, encode(event, topic, "classifier", datetime.now(UTC), new_traceparent()))

        async def regraded() -> bool:
            rows = await pool.fetch("select grade from cases where reference = $1", sent.reference)
            return [row["grade"] for row in rows] == ["emergency"]

        await eventually(regraded)


def garbage(report_id: str) -> Message:
    headers = {
        "ce_id": str(uuid4()),
        "ce_source": "/intake",
        "ce_specversion": "1.0",
        "ce_type": "heard.report.received.v1",
        "ce_subject": report_id,
    }
    written = tuple((name, value.encode()) for name, value in headers.items())
    return Message(RECEIVED[Lane.ordinary], report_id.encode(), b"{ not json: Quillfeather", written)


async def test_what_cannot_be_read_is_set_aside_and_seen_by_a_person(tell: Tell, stack: Stack):
    subject = str(uuid4())
    await publish(stack, garbage(subject))
    async with create_pool(stack.postgres.url("escalation"), 1) as pool:

        async def on_the_queue() -> bool:
            found = "select queues from queue_item where report_id = $1::uuid"
            return await pool.fetchval(found, subject) == ["control_room", "review"]

        await eventually(on_the_queue)
    await tell("web", NOISE)  # its partition moves on
    line, *_ = [line for line in stack.heard("dead", "list").splitlines() if subject in line]  # one for each reading
    place = line.split()[0]
    assert RECEIVED[Lane.ordinary] in line
    assert "not json" not in line
    assert "{ not json" in stack.heard("dead", "show", place)
    assert "1 sent back" in stack.heard("dead", "replay", place)


async def test_no_log_has_a_word_of_what_was_told_and_what_was_set_aside_has_its_trace(tell: Tell, stack: Stack):
    await tell("web", f"{NOISE} Quillfeather lives there.", contact={"name": "Quillfeather"})
    traceparent = new_traceparent()
    told = garbage(str(uuid4()))
    await publish(stack, replace(told, headers=(*told.headers, ("ce_traceparent", traceparent.encode()))))
    files = sorted((stack.folder / "logs").glob("*.log"))

    def lines() -> list[str]:
        return [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]

    async def set_aside() -> bool:
        return any(correlation_id(traceparent) in line for line in lines())

    await eventually(set_aside)
    assert len(files) >= 5
    assert not [line for line in lines() if "Quillfeather" in line]


async def test_an_unknown_letter_is_named(stack: Stack):
    with pytest.raises(StartFailed, match="nothing at 0/999999"):
        stack.heard("dead", "show", "0/999999")


async def test_the_audit_accounts_for_every_report(tell: Tell, stack: Stack):
    await tell("web", NOISE)
    assert "+ open 0" in audit(stack)
    stack.kill("intake", "work")
    try:
        (sent,) = await samples.send([{"channel": "web", "text": NOISE}], stack, nothing)
        assert f"open {sent.reference}" in audit(stack, limit=60)
        await asyncio.sleep(1.5)
        with pytest.raises(StartFailed):
            audit(stack, limit=1)
    finally:
        stack.run("intake", "work")
    await samples.await_receipts([sent], stack, 90, nothing)
    assert sent.seconds is not None
