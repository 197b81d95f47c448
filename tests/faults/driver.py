"""Somebody who tells Heard things, notes every answer, and insists until each report was accepted."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from uuid import UUID

import httpx

THREATS: Final = (
    "He has a knife and says he will kill me tonight.",
    "He is outside my door now, he says he will stab me.",
    "She sent a message that she is going to burn my house down with us in it.",
)
TROUBLE: Final = (
    "Loud music from number {n} until four in the morning, the first time ever.",
    "Fly-tipping behind the garages again: {n} bags and a mattress.",
    "My neighbour shouts abuse at me every day and has damaged my fence {n} times. I am so distressed.",
    "My ex keeps following me home from work, {n} times now. I have told him to leave me alone. I am terrified.",
    "A man at stop {n} shouted a racist slur at me because I am Black and told me to go back to my own country.",
)
LETTERS: Final = "ABDEFGHJLNPQRSTUWXYZ"
HURRY: Final = 0.5  # seconds before a report that was not accepted is sent again
AT_ONCE: Final = 400  # connections
KEPT: Final = 2.0  # seconds that an idle one is kept, less than the server keeps it


@dataclass(frozen=True, slots=True)
class Report:
    key: str
    threat: bool
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A report that was answered with 202; `at` is when it was sent, by the monotonic clock."""

    reference: str
    threat: bool
    at: float


@dataclass
class Driver:
    """`answers` counts statuses (`none`: the connection failed); `owed` are the reports not accepted so far."""

    base: str
    random: Random
    bearer: str | None = None
    accepted: dict[str, Accepted] = field(default_factory=dict)
    owed: dict[str, Report] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    last_accepted: float = 0.0

    async def __aenter__(self) -> "Driver":
        headers = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE, keepalive_expiry=KEPT)
        self._http = httpx.AsyncClient(base_url=self.base, headers=headers, timeout=60, limits=limits)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    def report(self, threat: bool) -> Report:
        number, letters = self.random.randint(1, 6), "".join(self.random.choices(LETTERS, k=2))
        text = self.random.choice(THREATS if threat else TROUBLE).format(n=self.random.randint(2, 9999))
        place = {"postcode": f"ZZ{number} {self.random.randint(1, 9)}{letters}"}
        return Report(str(UUID(int=self.random.getrandbits(128))), threat, {"text": text, "place": place})

    async def tell(self, threat: bool = False, body: dict[str, Any] | None = None) -> Accepted | None:
        """Send one more report; None where it was not accepted."""
        report = self.report(threat)
        return await self.send(Report(report.key, threat, report.body | (body or {})))

    async def send(self, report: Report) -> Accepted | None:
        """Send it, under the same Idempotency-Key however often."""
        at = time.monotonic()
        self.owed[report.key] = report

        async def noted(event: str, _: object) -> None:
            """Before this it waited for a connection of the driver's own."""
            nonlocal at
            if event.endswith("send_request_headers.started"):
                at = time.monotonic()

        headers, trace = {"Idempotency-Key": report.key}, {"trace": noted}
        try:
            answer = await self._http.post("/v1/reports", json=report.body, headers=headers, extensions=trace)
        except httpx.HTTPError:
            self._answered("none", at)
            return None
        status = str(answer.status_code)
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and "Retry-After" not in answer.headers:
            status = "503 without Retry-After"
        self._answered(status, at)
        if answer.status_code != httpx.codes.ACCEPTED:
            return None
        self.last_accepted = time.monotonic()
        self.owed.pop(report.key, None)
        taken = self.accepted[report.key] = Accepted(answer.json()["reference"], report.threat, at)
        return taken

    def _answered(self, status: str, at: float) -> None:
        self.answers[status] += 1
        self.slowest = max(self.slowest, time.monotonic() - at)

    async def insist(self, within: float) -> None:
        """Send again what was not accepted, until it is."""
        deadline = time.monotonic() + within
        while self.owed and time.monotonic() < deadline:
            for report in list(self.owed.values()):
                if await self.send(report) is None:
                    await asyncio.sleep(HURRY)

    async def flow(self, a_second: float, seconds: float, threats: float = 0.1) -> None:
        """Send so many a second, whether or not they are answered; return once all are."""
        async with asyncio.TaskGroup() as sending:
            for at in _beats(a_second, seconds):
                await asyncio.sleep(max(0.0, at - time.monotonic()))
                sending.create_task(self.tell(self.random.random() < threats))

    def other_answers(self, *expected: str) -> int:
        return sum(many for status, many in self.answers.items() if status not in expected)

    @property
    def references(self) -> set[str]:
        return {one.reference for one in self.accepted.values()}


def _beats(a_second: float, seconds: float) -> Iterator[float]:
    start = time.monotonic()
    for beat in range(round(a_second * seconds)):
        yield start + beat / a_second
