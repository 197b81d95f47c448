"""What a report may be, in the classifier's words: asked for live, and done without where it is late."""

from dataclasses import dataclass
from typing import Final

from services.intake.handlers.assessing import Classifier, assess
from services.intake.repository import reports
from shared.database import Pool, statement
from shared.events import ReportReceived

PATIENCE: Final = 1.5  # seconds


@dataclass(frozen=True, slots=True)
class Explained:
    """`paragraphs` about this report alone, never about others linked to it; none: not now.

    `responsible`: the bodies that are responsible for what is not ours, by name, once the receipt has named them.
    """

    paragraphs: tuple[str, ...] = ()
    responsible: tuple[str, ...] = ()


async def explain(reference: str, pool: Pool, classifier: Classifier | None) -> Explained:
    async with statement(pool) as connection:
        row = await reports.by_reference(connection, reference)
    if row is None:
        return Explained()
    reading = await assess(ReportReceived.model_validate_json(row["event"]), classifier, PATIENCE)
    return Explained(
        reading.explanation.reporter if reading and reading.explanation else (),
        tuple(row["receipt"]["responsible"]) if row["receipt"] else (),
    )
