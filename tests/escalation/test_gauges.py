"""What an alarm sees of escalation: what has not gone out, what is not sealed, and threats that nobody has."""

import asyncio

from prometheus_client import CollectorRegistry

from services.escalation.domain.people import Worker
from services.escalation.gauges import what_waits
from services.escalation.handlers import audit, leases
from shared.codebook import DangerClass
from shared.database import Pool
from tests.builders import classified
from tests.escalation.conftest import Escalate

SAM = Worker("sam", "Sam", "northmoor-police")
NAMES = ("heard_escalation_unsent", "heard_audit_unsealed", "heard_threats_unclaimed_oldest_seconds")


async def test_an_alarm_sees_what_waits_and_for_how_long(escalate: Escalate, pool: Pool):
    registry = CollectorRegistry()
    gauges = what_waits(pool, asyncio.Event(), registry)

    async def shown() -> list[float]:
        await gauges.read()
        return [registry.get_sample_value(name) or 0.0 for name in NAMES]

    assert await shown() == [0, 0, 0]
    now = await pool.fetchval("select now()")
    await escalate(classified(danger_class=DangerClass.violence_threatened), at=now)
    await pool.execute("update queue_item set waiting_since = waiting_since - interval '1 hour'")
    unsent, unsealed, unclaimed = await shown()
    assert unsent == await pool.fetchval("select count(*) from outbox") > 0
    assert unsealed == await pool.fetchval("select count(*) from audit_entry") > 0
    assert 3600 <= unclaimed < 3700
    await pool.execute("delete from outbox")
    await leases.claim_next(SAM, None, None, pool, now)
    await audit.seal_some(pool, "a key")
    assert await shown() == [0, 0, 0]
