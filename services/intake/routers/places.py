"""Reports taken at once. Over a limit whoever sends one is told to come back, while those before it are still taken."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request
from prometheus_client import Counter as Metric

from services.intake.domain.files import MAX_FILES
from services.intake.errors import TooBusy
from services.intake.routers.form import MAX_FORM
from services.intake.settings import Settings
from shared.http import EMERGENCY
from shared.security import bearer, holder_of

SHED = Metric("heard_reports_shed_total", "Reports told to come back, because too many were being taken")
FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
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


async def _come(request: Request) -> None:
    """The whole form is here, and kept with the request: FastAPI reads what is no form before it asks for a place."""
    if request.method == "POST" and request.headers.get("content-type", "").lower().startswith(FORMS):
        await request.form(max_files=2 * MAX_FILES, max_part_size=MAX_FORM)


async def _place(request: Request, _: Annotated[None, Depends(_come)]) -> AsyncIterator[None]:
    if request.method != "POST":
        yield
        return
    places: Places = request.app.state.places
    source = source_of(request, request.app.state.settings)
    places.take(source)
    try:
        yield
    finally:
        places.leave(source)


def source_of(request: Request, settings: Settings) -> str:
    """Whose key it comes with, where that is known without asking anybody; otherwise where it comes from."""
    key = bearer(request.headers.get("authorization"))
    holder = holder_of(key, settings.keys) if key else None
    if holder:
        return f"key of {holder}"
    return request.client.host if request.client else ""


OneOfThePlaces = Depends(_place, scope="function")
"""For routers by which reports come. Calls are not among them: who is on the line is never told to come back."""
