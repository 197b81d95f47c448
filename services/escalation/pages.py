"""Staff pages: Jinja2 templates behind a strict policy. The browser fetches nothing elsewhere."""

from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.escalation.domain.local import local
from services.escalation.domain.people import Person
from shared.headers import Static

HERE: Final = Path(__file__).parent
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

environment: Final = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.filters["local"] = local
static: Final = Static(directory=HERE / "static")


def render(template: str, **context: Any) -> str:
    return environment.get_template(template).render(**context)


def page(request: Request, template: str, who: Person | None, status: int = 200, **context: Any) -> HTMLResponse:
    """A whole page, or a part of one, for somebody signed in or for nobody yet."""
    html = render(template, who=who, path=request.url.path, **context)
    return HTMLResponse(html, status, {"Content-Security-Policy": POLICY})
