"""What an agency lives through: it is told, acts, and forgets when it is told to; by feed, by topic, as a process."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from deploy.local.samples import Sent
from deploy.local.stack import ROOT, Stack
from services.escalation.handlers import webhooks
from shared.cloudevents import decode
from shared.database import create_pool
from shared.events import ReportDelivered
from shared.kafka import agency_topic
from tests.e2e.conftest import Tell, eventually

HEALTH, COUNCIL = "northmoor-environmental-health", "northmoor-council-asb"
NOISE = "Loud music from the house party at number 9 until four in the morning. It has never happened before."
THREAT = "My ex is outside my flat with a hammer, shouting that he will kill me tonight."
ROWDY = "Twenty drunk lads fighting and smashing bottles in the street outside the pub last night, just the once."


@pytest.fixture
async def program(stack: Stack, tmp_path: Path) -> AsyncIterator[asyncio.StreamReader]:
    """What examples/agency_client.py prints, as a process of its own with an address and a secret."""
    environment = {
        "PATH": os.environ["PATH"],
        "HEARD_URL": f"http://127.0.0.1:{stack.ports.escalation}",
        "HEARD_AGENCY": HEALTH,
        "HEARD_CLIENT_SECRET": stack.secrets.of(HEALTH),
        "HEARD_CURSOR": str(tmp_path / "cursor.json"),
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(ROOT / "examples" / "agency_client.py"), env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    yield child.stdout
    child.kill()
    await child.wait()


async def line_with(words: str, printed: asyncio.StreamReader, within: float = 60) -> str:
    async with asyncio.timeout(within):
        while line := (await printed.readline()).decode():
            if words in line:
                return line
    raise AssertionError(f"the client ended without {words}")


async def test_a_program_follows_acts_and_is_told_to_forget(
    tell: Tell, stack: Stack, escalation: httpx.AsyncClient, program: asyncio.StreamReader
):
    sent = await tell("web", NOISE)
    told = await line_with(f"report {sent.reference} nuisance", program)
    headers = await signed_in(HEALTH, stack, escalation)
    entry = await entry_of(sent, HEALTH, headers, escalation)
    reports = f"/v1/agencies/{HEALTH}/reports/{entry['report_id']}"

    async def acknowledged() -> bool:
        held = (await escalation.get(reports, headers=headers)).json()
        return [one["state"] for one in held["deliveries"]] == ["acknowledged"]

    await eventually(acknowledged)
    done = {"note": "spoke to number 9", "tell_reporter": "something_was_done"}
    assert (await escalation.post(f"{reports}/progress", json=done, headers=headers)).status_code == 204
    async with create_pool(stack.postgres.url("intake"), 1) as intake:

        async def said() -> bool:
            rows = await intake.fetch("select words from message where report_id = $1::uuid", entry["report_id"])
            return [row["words"] for row in rows] == ["something_was_done"]

        await eventually(said)
        stack.heard("erase", sent.reference, "--by", "kim", "--why", "asked for by the person it is about")
        assert not await intake.fetchval("select count(*) from report where reference = $1", sent.reference)
    erased = await line_with("erased", program)
    assert int(erased.split()[0]) > int(told.split()[0])
    entries = await feed_of(HEALTH, headers, escalation)
    assert [e["position"] for e in entries] == list(range(1, len(entries) + 1))
    assert [e["report"] for e in entries if e["report_id"] == entry["report_id"]] == [None, None]

    async def answered() -> bool:
        return "erasures" not in stack.heard("audit")

    await eventually(answered)


async def test_an_agency_on_kafka_is_told_ids_there(tell: Tell, stack: Stack, escalation: httpx.AsyncClient):
    sent = await tell("web", ROWDY)
    entry = await entry_of(sent, COUNCIL, await signed_in(COUNCIL, stack, escalation), escalation)
    consumer = AIOKafkaConsumer(
        agency_topic(COUNCIL), bootstrap_servers=stack.kafka, auto_offset_reset="earliest", metadata_max_age_ms=1000
    )
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            async for record in consumer:
                event, _ = decode(ReportDelivered, record.headers, record.value)
                if event.position == entry["position"]:
                    break
    finally:
        await consumer.stop()
    assert (str(event.report_id), event.agency, event.kind) == (entry["report_id"], COUNCIL, "report")
    assert "drunk" not in (record.value or b"").decode()


SEEN_TO = """
select exists (select from alert join cases using (report_id) where reference = $1 and kind = 'unclaimed') as alerted,
       exists (select from delivery where reference = $2 and agency_id = $3 and settled_at is not null) as taken_back,
       exists (select from webhook where agency_id = $3 and failing_since is not null) as called,
       not exists (select from audit_entry where position is null) as sealed
"""


async def test_the_worker_sees_to_what_nobody_does(tell: Tell, stack: Stack, escalation: httpx.AsyncClient):
    """A threat that nobody claims, a report given back, a webhook that nobody answers, an audit that is unsealed."""
    async with create_pool(stack.postgres.url("escalation"), 1) as pool:
        await webhooks.set_up(HEALTH, "https://127.0.0.1:1/", pool, datetime.now(UTC))
        threat, noise = await tell("web", THREAT), await tell("web", NOISE)
        headers = await signed_in(HEALTH, stack, escalation)
        report_id = (await entry_of(noise, HEALTH, headers, escalation))["report_id"]
        back = f"/v1/agencies/{HEALTH}/reports/{report_id}/return"
        (await escalation.post(back, json={"reason": "not ours"}, headers=headers)).raise_for_status()
        await pool.execute("update queue_item set waiting_since = waiting_since - interval '61 seconds'")
        try:
            for _ in range(300):
                seen_to = dict(await pool.fetchrow(SEEN_TO, threat.reference, noise.reference, HEALTH))
                if all(seen_to.values()):
                    break
                await asyncio.sleep(0.2)
        finally:
            await pool.execute("delete from webhook")
    assert all(seen_to.values()), seen_to


async def signed_in(agency: str, stack: Stack, escalation: httpx.AsyncClient) -> dict[str, str]:
    form = {"grant_type": "client_credentials"}
    answer = await escalation.post("/oauth/token", data=form, auth=(agency, stack.secrets.of(agency)))
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


async def feed_of(agency: str, headers: dict[str, str], escalation: httpx.AsyncClient) -> list[dict]:
    answer = await escalation.get(f"/v1/agencies/{agency}/reports", params={"limit": 500}, headers=headers)
    found: list[dict] = answer.raise_for_status().json()["reports"]
    return found


async def entry_of(sent: Sent, agency: str, headers: dict[str, str], escalation: httpx.AsyncClient) -> dict:
    """The report as it was first delivered: a notice about it may have followed."""
    return next(one for one in await feed_of(agency, headers, escalation) if one["reference"] == sent.reference)
