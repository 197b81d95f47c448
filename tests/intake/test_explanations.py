"""The explanation: asked for live from a classifier that may be late, broken or away, and never waited for."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.intake.handlers import assessing, reports
from services.intake.handlers.explanations import explain
from services.intake.main import create_app
from services.intake.settings import Settings
from shared.assessment import Explanation
from shared.database import Pool
from shared.events import ReportReceived
from shared.told import History
from tests.builders import assessment, receipt
from tests.intake.form import Form
from tests.intake.telling import event_of, tell

PARAGRAPHS = ("You told us that it happened more than once.", "This may be harassment <of you>.")
SAID = assessment(explanation=Explanation(reporter=PARAGRAPHS, staff=()))


@dataclass
class Classifier:
    """The outside world: it answers with `body` after `seconds`."""

    status: int = 200
    body: Any = field(default_factory=lambda: SAID.model_dump(mode="json"))
    seconds: float = 0
    location: str | None = None
    asked: list[tuple[str, ReportReceived]] = field(default_factory=list)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self.seconds)
        key = request.headers["authorization"]
        self.asked.append((key, ReportReceived.model_validate_json(request.content)))
        headers = {"location": self.location} if self.location else {}
        return httpx.Response(self.status, headers=headers, content=json.dumps(self.body))


Reading = Callable[[Classifier], Awaitable[str]]


@pytest.fixture
async def reading(settings: Settings, pool: Pool) -> Reading:
    """The page that somebody sees who sent a report and wants to know what it may be."""
    app: FastAPI = create_app(
        settings.model_copy(
            update={"classifier_url": "http://classifier", "classifier_key": type(settings.secret)("the key")}
        )
    )

    async def page(classifier: Classifier) -> str:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://intake") as client,
        ):
            await app.state.http.aclose()
            app.state.http = httpx.AsyncClient(transport=httpx.MockTransport(classifier.answer))
            person = Form(client)
            await person.begin()
            await person.tell()
            await person.post("/form/contact", {"name": "Zebedee"})
            await person.send()
            assert "safe to show" in (await person.get("/form/sent/reading")).text
            return (await person.post("/form/sent/reading")).text

    return page


async def test_it_is_the_classifiers_own_words(reading: Reading):
    classifier = Classifier()
    page = await reading(classifier)
    assert PARAGRAPHS[0] in page
    assert "harassment &lt;of you&gt;" in page
    ((key, report),) = classifier.asked
    assert key == "Bearer the key"
    assert report.contact is None


async def test_it_is_of_their_own_report_alone(pool: Pool):
    _, later = [await tell(pool, "He follows me.", phone="01632 960001") for _ in range(2)]
    assert (await event_of(pool, later.report_id)).history.reports == 1
    classifier = Classifier()
    async with httpx.AsyncClient(transport=httpx.MockTransport(classifier.answer)) as http:
        await explain(later.reference, pool, assessing.Classifier(http, "http://classifier", "the key"))
    ((_, report),) = classifier.asked
    assert report.history == History()


@pytest.mark.parametrize(
    "classifier",
    [
        Classifier(status=500),
        Classifier(status=401),
        Classifier(status=302, location="http:x"),
        Classifier(status=302, location="http://xn--zzzzzz99999/"),
        Classifier(body={"labels": []}),
        Classifier(body={"explanation": {"reporter": 7}}),
        Classifier(body=[]),
    ],
)
async def test_without_an_answer_it_is_promised_for_later(reading: Reading, classifier: Classifier):
    assert "Look again later" in await reading(classifier)


async def test_it_is_not_waited_for(reading: Reading):
    began = time.monotonic()
    assert "Look again later" in await reading(Classifier(seconds=30))
    assert time.monotonic() - began < 20


async def test_who_is_responsible_for_what_is_not_ours_is_named_where_it_is_safe(person: Form, pool: Pool):
    await person.begin()
    await person.tell()
    await person.post("/form/contact", {})
    reference, secret = await person.send()
    report_id = await pool.fetchval("select id from report where reference = $1", reference)
    named = receipt(await event_of(pool, report_id), responsible=("Report Fraud",))
    await reports.close([named], pool)
    await person.post("/status", {"reference": reference, "secret": secret})
    for path in ("/status", "/status/reading"):
        assert "Report Fraud" not in (await person.get(path)).text
    assert "Part of this is for somebody else: Report Fraud." in (await person.post("/status/reading")).text
