"""The classifier's reading while somebody waits for it: asked for by HTTP, and done without where it does not come."""

import asyncio
from dataclasses import dataclass
from typing import Literal

import httpx
import structlog
from pydantic import ValidationError

from services.intake.settings import Settings
from shared.assessment import Assessment
from shared.events import ReportReceived
from shared.http import NO_ANSWER
from shared.told import History

log = structlog.get_logger()

Reading = Literal["first", "second"]


@dataclass(frozen=True, slots=True)
class Classifier:
    """Where live assessments are asked for."""

    http: httpx.AsyncClient
    url: str
    key: str


def classifier_at(settings: Settings, http: httpx.AsyncClient) -> Classifier | None:
    """Where live assessments are asked for, if anywhere."""
    if not settings.classifier_url or not settings.classifier_key:
        return None
    return Classifier(http, settings.classifier_url, settings.classifier_key.get_secret_value())


async def assess(
    report: ReportReceived, classifier: Classifier | None, patience: float, reading: Reading = "second"
) -> Assessment | None:
    """A reading of a report by what it says itself; None where there is none within `patience` seconds.

    What others told before is for those alone who may know of it: it stands with the case (decision 21).

    The first reading is there in a millisecond, for a call that goes on; the second in some tens, and is surer.
    """
    if classifier is None:
        return None
    alone = report.model_copy(update={"contact": None, "history": History()})
    try:
        async with asyncio.timeout(patience):
            answer = await classifier.http.post(
                f"{classifier.url}/v1/classify?reading={reading}",
                content=alone.model_dump_json(),
                headers={"Authorization": f"Bearer {classifier.key}", "Content-Type": "application/json"},
            )
        answer.raise_for_status()
        return Assessment.model_validate_json(answer.content)
    except (*NO_ANSWER, TimeoutError, ValidationError) as error:
        log.warning("no live assessment", reason=type(error).__name__)
        return None
