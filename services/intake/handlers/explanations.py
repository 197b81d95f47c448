"""What a report may be, in the classifier's words: asked for live, and done without where it is late."""

from typing import Final

from services.intake.handlers.assessing import Classifier, assess
from services.intake.repository import reports
from shared.database import Pool, statement
from shared.events import ReportReceived
from shared.told import History

PATIENCE: Final = 1.5  # seconds


async def explain(reference: str, pool: Pool, classifier: Classifier | None) -> tuple[str, ...]:
    """Paragraphs about this report alone, never about others linked to it. Empty: not now."""
    async with statement(pool) as connection:
        row = await reports.by_reference(connection, reference)
    if row is None or classifier is None:
        return ()
    report = ReportReceived.model_validate_json(row["event"])
    reading = await assess(report.model_copy(update={"history": History()}), classifier, PATIENCE)
    return reading.explanation.reporter if reading and reading.explanation else ()


async def responsible(reference: str, pool: Pool) -> tuple[str, ...]:
    """The bodies that are responsible for what is not ours, by name, once the receipt has named them."""
    async with statement(pool) as connection:
        row = await reports.by_reference(connection, reference)
    return tuple(row["receipt"]["responsible"]) if row and row["receipt"] else ()
