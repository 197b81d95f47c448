"""What comes back from Kafka: receipts, progress, and links that somebody disputed."""

from collections.abc import Sequence

from services.intake.handlers import links, reports
from shared.clock import Clock
from shared.cloudevents import decode
from shared.consumer import Record
from shared.database import Pool
from shared.events import LinkDisputed, ReportProgressed, ReportRouted
from shared.outbox import Bell


async def receipts(records: Sequence[Record], pool: Pool, bell: Bell) -> None:
    if await reports.close([decode(ReportRouted, record.headers, record.value)[0] for record in records], pool):
        bell.ring()


async def disputes(records: Sequence[Record], pool: Pool, bell: Bell, clock: Clock) -> None:
    disputed = [decode(LinkDisputed, record.headers, record.value)[0] for record in records]
    await links.part(disputed, pool, bell, clock.now())


async def progress(records: Sequence[Record], pool: Pool) -> None:
    await reports.hear([decode(ReportProgressed, record.headers, record.value)[0] for record in records], pool)
