"""Each database goes back to a backup of it, as docs/restoring.md says; what was done since is done again."""

import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.errors import StartFailed
from deploy.local.postgres import installed
from deploy.local.samples import Sent
from deploy.local.stack import Stack
from services.intake.domain.households import Keyring
from services.intake.handlers.amendments import add_more
from shared.database import Pool, create_pool
from shared.kafka import ROUTED, partitions
from shared.outbox import Bell
from tests.e2e.conftest import Tell, eventually
from tests.e2e.test_agencies import HEALTH, NOISE, signed_in

FEED = f"/v1/agencies/{HEALTH}/reports"
BY = ("--by", "kim", "--why", "asked for")


def superusers(stack: Stack, database: str) -> str:
    """The owner's rows are under row-level security, and it may not dump them."""
    return f"{stack.postgres.url('postgres').rpartition('/')[0]}/{database}"


def ran(program: str, *arguments: str) -> None:
    subprocess.run([installed() / "bin" / program, *arguments], check=True)


def backed_up(stack: Stack, database: str, to: Path) -> Path:
    ran("pg_dump", "--format=custom", f"--file={to}", superusers(stack, database))
    return to


def restored(stack: Stack, database: str, backup: Path) -> None:
    for role in ("serve", "work"):
        stack.kill(database, role, signal.SIGTERM)
    ran("psql", "-q", "-c", f"drop database {database} with (force)", stack.postgres.url("postgres"))
    stack.postgres.create_database(database)
    ran("pg_restore", f"--dbname={superusers(stack, database)}", str(backup))
    stack.heard(database, "migrate")


def begun(stack: Stack, database: str) -> None:
    for role in ("serve", "work"):
        stack.run(database, role)
    stack.await_ready(database)


async def settled(stack: Stack) -> None:
    async def all_answered() -> bool:
        said = stack.heard("audit")
        return "+ open 0" in said and "erasures" not in said

    await eventually(all_answered, 90)


async def cases(pool: Pool) -> set[str]:
    return {row["reference"] for row in await pool.fetch("select reference from cases")}


async def test_escalation_goes_back_to_a_backup_and_nothing_is_lost(
    tell: Tell, stack: Stack, escalation: httpx.AsyncClient, tmp_path: Path
):
    began = datetime.now(UTC) - timedelta(seconds=1)
    kept, erased = await tell("web", NOISE), await tell("web", NOISE)
    backup = backed_up(stack, "escalation", tmp_path / "escalation")
    since = await tell("web", NOISE)
    headers = await signed_in(HEALTH, stack, escalation)
    cursor = (await escalation.get(FEED, params={"limit": 500}, headers=headers)).json()["next"]
    stack.heard("erase", erased.reference, *BY)
    await settled(stack)
    restored(stack, "escalation", backup)
    async with create_pool(superusers(stack, "escalation"), 1) as pool:
        assert {kept.reference, erased.reference, since.reference} & await cases(pool) == {
            kept.reference,
            erased.reference,
        }
        begun(stack, "escalation")
        assert "+ open 0" in stack.heard("audit"), "nothing is amiss by intake's book"
        stack.heard("intake", "again", "--since", f"{began:%Y-%m-%dT%H:%M:%S}")
        await settled(stack)
        assert {kept.reference, erased.reference, since.reference} & await cases(pool) == {
            kept.reference,
            since.reference,
        }
    answer = await escalation.get(FEED, params={"after": cursor}, headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (409, "This feed was restored from a backup")
    entries = (await escalation.get(FEED, params={"limit": 500}, headers=headers)).json()["reports"]
    assert [entry["position"] for entry in entries] == list(range(1, len(entries) + 1))
    named = {entry["reference"] for entry in entries}
    assert {kept.reference, since.reference} <= named
    assert erased.reference not in named


async def rewound(stack: Stack, topic: str, group: str) -> None:
    """As kafka-consumer-groups.sh does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka)
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.kafka, group_id=group, enable_auto_commit=False)
    await admin.start()
    await consumer.start()
    try:
        places = await partitions(admin, [topic])
        consumer.assign(places)
        await consumer.commit(await consumer.beginning_offsets(places))
    finally:
        await consumer.stop()
        await admin.close()


async def more_told(sent: Sent, text: str, stack: Stack, pool: Pool) -> None:
    ring = Keyring.of((stack.secrets.of("reporters"),), {})
    await add_more(sent.reference, sent.secret, text, pool, Bell(pool), ring, datetime.now(UTC))


async def test_intake_goes_back_to_a_backup_and_hears_what_became_of_what_it_has(
    tell: Tell, stack: Stack, tmp_path: Path
):
    told, erased = await tell("web", NOISE), await tell("web", NOISE)
    backup = backed_up(stack, "intake", tmp_path / "intake")
    async with create_pool(stack.postgres.url("intake"), 1) as pool:
        await more_told(told, "He came again.", stack, pool)
    stack.heard("erase", erased.reference, *BY)
    await settled(stack)
    restored(stack, "intake", backup)
    await rewound(stack, ROUTED, "intake.receipts")
    begun(stack, "intake")
    async with (
        create_pool(stack.postgres.url("intake"), 1) as pool,
        create_pool(superusers(stack, "escalation"), 1) as escalation,
    ):

        async def receipts_heard() -> bool:
            heard = (
                "select count(*) from report where (receipt ->> 'revision')::int = 2 and reference = any($1::text[])"
            )
            return await pool.fetchval(heard, [told.reference, erased.reference]) == 2

        await eventually(receipts_heard, 60)
        await more_told(told, "And once more.", stack, pool)

        async def read_anew() -> bool:
            event = await escalation.fetchval("select event from cases where reference = $1", told.reference)
            return b"And once more." in event

        await eventually(read_anew)
        with pytest.raises(StartFailed, match=f"here again: heard erase {erased.reference}"):
            stack.heard("audit")
        assert await pool.fetchval("select count(*) from report where reference = $1", erased.reference) == 1
        stack.heard("erase", erased.reference, *BY)
        assert await pool.fetchval("select count(*) from report where reference = $1", erased.reference) == 0
    await settled(stack)
