"""What a report may be, in the classifier's words: asked for live, and done without where it is late."""

import asyncio
from dataclasses import dataclass
from typing import Final

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from services.intake.repository import reports
from shared.database import Pool, transaction
from shared.events import History, ReportReceived

log = structlog.get_logger()

PATIENCE: Final = 1.5  # seconds


@dataclass(frozen=True, slots=True)
class Classifier:
    """Where live assessments are asked for."""

    http: httpx.AsyncClient
    url: str
    key: str


class Explanation(BaseModel):
    reporter: tuple[str, ...] = ()


class Answer(BaseModel):
    """What of the classifier's answer is for the reporter; the rest is not looked at."""

    explanation: Explanation = Explanation()


async def explain(reference: str, pool: Pool, classifier: Classifier | None) -> tuple[str, ...]:
    """Paragraphs about this report alone, never about others linked to it. Empty: not now."""
    async with transaction(pool) as connection:
        row = await reports.by_reference(connection, reference)
    if row is None or classifier is None:
        return ()
    report = ReportReceived.model_validate_json(row["event"])
    return await _asked(report.model_copy(update={"history": History(), "contact": None}), classifier)


async def _asked(report: ReportReceived, classifier: Classifier) -> tuple[str, ...]:
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await classifier.http.post(
                f"{classifier.url}/v1/classify",
                content=report.model_dump_json(),
                headers={"Authorization": f"Bearer {classifier.key}", "Content-Type": "application/json"},
            )
        answer.raise_for_status()
        return Answer.model_validate_json(answer.content).explanation.reporter
    except (httpx.HTTPError, TimeoutError, ValidationError) as error:
        log.warning("no explanation", reason=type(error).__name__)
        return ()
