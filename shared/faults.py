"""What goes wrong, said as a page to a person and as a problem to a program."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from shared.database import DatabaseUnavailable
from shared.http import MAX_BODY, Application, ServiceError

ByProgram = Callable[[Request], bool]
Page = Callable[[Request, Exception, Response], Awaitable[Response]]
"""Makes the page; it is given the problem that a program would have got."""


def speak_to_people(app: Application, by_program: ByProgram, page: Page) -> None:
    """Answer whoever asked for a page with a page; programs get what they got before."""
    for kind in (ServiceError, DatabaseUnavailable, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _either(app.exception_handlers[kind], by_program, page))


def _either(problem: Any, by_program: ByProgram, page: Page) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        told: Response = await problem(request, error)  # it logs what has to be logged
        return told if by_program(request) else await page(request, error, told)

    return answer


async def typed(request: Request, largest: int = MAX_BODY) -> tuple[tuple[tuple[str, str], ...], bool]:
    """The fields that were sent, and whether files were with them, which nobody can give back."""
    try:
        form = await request.form(max_part_size=largest)
    except HTTPException:
        return (), False
    given = form.multi_items()
    return tuple((name, value) for name, value in given if isinstance(value, str)), any(
        isinstance(value, UploadFile) and value.filename for _, value in given
    )
