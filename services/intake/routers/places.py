"""Reports taken at once. Over a limit whoever sends one is told to come back, while those before it are still taken."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from fastapi import Depends, Request
from prometheus_client import Counter as Metric

from services.intake.errors import TooBusy
from shared.http import EMERGENCY

SHED = Metric("heard_reports_shed_total", "Reports told to come back, because too many were being taken")
COME_BACK: Final = f"Nothing was kept, so please send it again in a few seconds. {EMERGENCY}"


@dataclass
class Places:
    """No one source has more than half of them, so that there is one for the next."""

    many: int
    _of: Counter[str] = field(default_factory=Counter)

    def take(self, source: str) -> None:
        """Raises TooBusy."""
        if self._of.total() >= self.many or self._of[source] >= max(1, self.many // 2):
            SHED.inc()
            raise TooBusy(COME_BACK)
        self._of[source] += 1

    def leave(self, source: str) -> None:
        self._of[source] -= 1
        if not self._of[source]:
            del self._of[source]


async def _place(request: Request) -> AsyncIterator[None]:
    if request.method != "POST":
        yield
        return
    places: Places = request.app.state.places
    source = request.headers.get("authorization") or (request.client.host if request.client else "")
    places.take(source)
    try:
        yield
    finally:
        places.leave(source)


OneOfThePlaces = Depends(_place, scope="function")
"""For routers by which reports come. Calls are not among them: who is on the line is never told to come back."""
