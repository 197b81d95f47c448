"""Staff pages: Jinja2 templates behind strict headers. The browser keeps nothing, and fetches nothing elsewhere."""

from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.escalation.domain.local import local
from services.escalation.domain.people import Person

HERE: Final = Path(__file__).parent
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

environment: Final = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.filters["local"] = local
static: Final = StaticFiles(directory=HERE / "static")


def render(template: str, **context: Any) -> str:
    return environment.get_template(template).render(**context)


def page(request: Request, template: str, who: Person | None, status: int = 200, **context: Any) -> HTMLResponse:
    """A whole page, or a part of one, for somebody signed in or for nobody yet."""
    return HTMLResponse(render(template, who=who, path=request.url.path, **context), status, HEADERS)
