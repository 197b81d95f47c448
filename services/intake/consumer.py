"""The receipts and the progress, as they come back from Kafka."""

from collections.abc import Sequence

from services.intake.handlers import reports
from shared.cloudevents import decode
from shared.consumer import Record
from shared.database import Pool
from shared.events import ReportProgressed, ReportRouted


async def receipts(records: Sequence[Record], pool: Pool) -> None:
    await reports.close([decode(ReportRouted, record.headers, record.value)[0] for record in records], pool)


async def progress(records: Sequence[Record], pool: Pool) -> None:
    await reports.hear([decode(ReportProgressed, record.headers, record.value)[0] for record in records], pool)
