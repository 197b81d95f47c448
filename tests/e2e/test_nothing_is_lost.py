"""What the promise is for: receipts lost, messages that cannot be read, a broker that comes back empty."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from deploy.local import samples
from deploy.local.errors import StartFailed
from deploy.local.kafka import Kafka
from deploy.local.samples import Sent
from deploy.local.stack import Stack
from shared.cloudevents import Message, encode
from shared.codebook import DangerClass, Label, Threat
from shared.database import Pool, create_pool
from shared.events import Lane
from shared.kafka import CLASSIFIED, RECEIVED, ROUTED, Producer
from shared.telemetry import new_traceparent
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


async def test_a_lost_receipt_is_repeated(stack: Stack):
    async with create_pool(stack.postgres.url("intake"), 1) as intake:
        stack.kill("escalation", "work")
        (sent,) = await samples.send([{"channel": "web", "text": NOISE}], stack, nothing)

        async def published() -> bool:
            return bool(await intake.fetchval("select bool_and(published) from outbox"))

        await eventually(published)
    stack.kill("intake", "work")
    stack.run("escalation", "work")
    await forget_receipts(stack, sent)
    stack.run("intake", "work")
    await samples.await_receipts([sent], stack, 60, nothing)
    assert sent.seconds is not None


async def forget_receipts(stack: Stack, sent: Sent) -> None:
    """Have escalation give its receipt, and Kafka lose it."""
    async with create_pool(stack.postgres.url("escalation"), 1) as pool:

        async def given() -> bool:
            opened = await pool.fetchval("select receipt from cases where reference = $1", sent.reference)
            return opened is not None and not await pool.fetchval("select count(*) from outbox")

        await eventually(given)
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka)
    await admin.start()
    places = [TopicPartition(ROUTED, number) for number in range(4)]
    await admin.delete_records({place: RecordsToDelete(before_offset=-1) for place in places})
    await admin.close()


def garbage(report_id: str) -> Message:
    headers = {
        "ce_id": str(uuid4()),
        "ce_source": "/intake",
        "ce_specversion": "1.0",
        "ce_type": "heard.report.received.v1",
        "ce_subject": report_id,
    }
    written = tuple((name, value.encode()) for name, value in headers.items())
    return Message(RECEIVED[Lane.ordinary], report_id.encode(), b"{ not json", written)


async def test_what_cannot_be_read_is_set_aside_and_seen_by_a_person(tell: Tell, stack: Stack):
    subject = str(uuid4())
    await publish(stack, garbage(subject))
    async with create_pool(stack.postgres.url("escalation"), 1) as pool:

        async def on_the_queue() -> bool:
            found = "select queues from queue_item where report_id = $1::uuid"
            return await pool.fetchval(found, subject) == ["review"]

        await eventually(on_the_queue, within=5)
    await tell("web", NOISE)  # its partition moves on
    line, *_ = [line for line in stack.heard("dead", "list").splitlines() if subject in line]  # one for each reading
    place = line.split()[0]
    assert RECEIVED[Lane.ordinary] in line
    assert "not json" not in line
    assert "{ not json" in stack.heard("dead", "show", place)
    assert "1 sent back" in stack.heard("dead", "replay", place)


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
    await samples.await_receipts([sent], stack, 30, nothing)
    assert sent.seconds is not None


THREAT = {
    "channel": "web",
    "text": "He has a knife and says he will kill me tonight.",
    "place": {"postcode": "ZZ1 1AA"},
}


async def test_a_threat_is_on_the_queue_while_the_classifier_is_down(stack: Stack):
    async with create_pool(stack.postgres.url("escalation"), 1) as pool:
        stack.kill("classifier", "work")
        stack.kill("classifier", "reread")
        (sent,) = await samples.send([THREAT], stack, nothing)

        async def opened_unread() -> bool:
            return await queued(pool, sent) == (None, 2)

        try:
            await eventually(opened_unread, within=10)
        finally:
            stack.run("classifier", "work")
            stack.run("classifier", "reread")
        await samples.await_receipts([sent], stack, 30, nothing)
        rulebook, danger = await queued(pool, sent)
    assert rulebook is not None
    assert danger == 1


async def queued(pool: Pool, sent: Sent) -> tuple[str | None, int]:
    """By which rulebook it was read, and its danger class; 0 while it is not on the queue."""
    query = (
        "select rulebook, item.danger_class from cases join queue_item as item using (report_id) where reference = $1"
    )
    row = await pool.fetchrow(query, sent.reference)
    return (row[0], row[1]) if row else (None, 0)


async def test_every_receipt_arrives_after_the_broker_came_back_empty(own_stack: Stack, own_kafka: Kafka):
    reports = samples.read(samples.DEMO / "reports.jsonl")
    sent = await samples.send(reports[:15], own_stack, nothing)
    own_kafka.kill()
    sent += await samples.send(reports[15:30], own_stack, nothing)
    own_kafka.empty()
    own_kafka.start()
    sent += await samples.send(reports[30:], own_stack, nothing)
    await samples.await_receipts(sent, own_stack, 120, nothing)
    assert [one.reference for one in sent if one.seconds is None] == []
    assert f"accepted {len(sent)} = routed {len(sent)} + open 0" in audit(own_stack)
    async with create_pool(own_stack.postgres.url("escalation"), 1) as pool:
        assert await pool.fetchval("select count(*) from cases") == len(sent)
