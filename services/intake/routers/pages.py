"""How a page is made: for whom, in which language, under which headers."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader

from services.intake.catalogue import Catalogue, catalogue
from services.intake.domain.partners import Partner
from services.intake.domain.reports import in_fours
from services.intake.domain.sealing import place_of
from services.intake.handlers.partners import Partners
from services.intake.settings import Settings
from shared.keepable import keepable
from shared.told import PUBLIC

HERE: Final = Path(__file__).parents[1]
DRAFT: Final = "__Host-draft"
STATUS: Final = "__Host-status"
LEFT: Final = "__Host-left"
LANGUAGE: Final = "__Host-language"
"""The cookies: no other host, not even one below the same name, can set one that is called `__Host-`."""
OPENING: Final = (DRAFT, STATUS)
LONDON: Final = ZoneInfo("Europe/London")

pages = Environment(
    loader=ChoiceLoader(
        [
            PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            FileSystemLoader(HERE / "templates"),
        ]
    ),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
pages.filters["in_fours"] = in_fours


@dataclass(frozen=True)
class Visit:
    """One request for a page: in which language, and from which partner's site, perhaps inside a frame there."""

    request: Request
    settings: Settings
    words: Catalogue
    partner: Partner | None = None
    framed: bool = False
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def base(self) -> str:
        return f"/with/{self.partner.id}" if self.partner else ""

    @property
    def source(self) -> str:
        """What a report from here is tagged with."""
        return self.partner.id if self.partner else PUBLIC

    def cookie(self, name: str) -> str | None:
        """None for what `Exit this page` shut, though the browser may bring it once more."""
        return None if self.left and name in OPENING else self.request.cookies.get(name)

    @property
    def draft(self) -> str:
        """What pages of the draft that this browser writes are known by, which opens nothing; empty without one."""
        return self._known_by(DRAFT)

    @property
    def report(self) -> str:
        """The same, for the report whose page this browser has open."""
        return self._known_by(STATUS)

    def _known_by(self, cookie: str) -> str:
        code = self.cookie(cookie)
        return place_of(code).hex()[:12] if code else ""

    def writes(self, drafts: Iterable[object]) -> bool:
        """Whether these, as a page sent them, are the draft that this browser writes; without one, any may begin it."""
        return not self.draft or all(one == self.draft for one in drafts)

    @property
    def left(self) -> bool:
        """Whether this browser pressed `Exit this page`, and has told nothing here since."""
        return LEFT in self.request.cookies

    def page(self, template: str, status: int = 200, **about: Any) -> Response:
        """A whole page. `about` is what it is about; the visit itself is there as `visit`, the words as `t`."""
        about |= {"visit": self, "t": self.words, "cspNonce": self.nonce, "name": template.removesuffix(".html")}
        html = pages.get_template(template).render(about)
        return HTMLResponse(html, status, {"Content-Security-Policy": self.policy()})

    def policy(self) -> str:
        """Nothing from elsewhere, no script of a page's own, and in no frame but a partner's."""
        framed_by = " ".join(self.partner.origins) if self.partner and self.partner.origins else "'none'"
        return (
            f"default-src 'none'; script-src 'self' 'nonce-{self.nonce}'; style-src 'self' 'nonce-{self.nonce}'; "
            "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
            f"frame-ancestors {framed_by}"
        )

    def url(self, path: str) -> str:
        return self.base + path

    def to(self, path: str) -> Response:
        return RedirectResponse(self.url(path), 303)

    def with_cookie(self, answer: Response, name: str, value: str) -> Response:
        """It lasts until the browser is closed, so that a device which is looked through later does not show it."""
        return self._cookie(answer, f"{name}={value}")

    def without_cookie(self, answer: Response, name: str) -> Response:
        return self._cookie(answer, f"{name}=; Max-Age=0")

    def returned(self, answer: Response) -> Response:
        """Here again after `Exit this page`: what was open before it stays shut."""
        for name in (*OPENING, LEFT) if self.left else ():
            self.without_cookie(answer, name)
        return answer

    def _cookie(self, answer: Response, given: str) -> Response:
        """Inside a frame the cookie is the partner's page's and ours together: no other site's frame can see it."""
        where = "SameSite=None; Partitioned" if self.framed else "SameSite=Lax"
        answer.headers.append("Set-Cookie", f"{given}; Path=/; Secure; HttpOnly; {where}")
        return answer

    def date(self, moment: datetime) -> str:
        """As people write it, in London's time."""
        local = moment.astimezone(LONDON)
        month = self.words(f"month.{local.month}")
        return self.words("common.date", day=local.day, month=month, year=local.year, time=f"{local:%H:%M}")

    def other_languages(self) -> list[Catalogue]:
        return [catalogue(one) for one in self.settings.languages if one != self.words.language]


async def visit_of(request: Request) -> Visit:
    """Raises UnknownPartner."""
    settings: Settings = request.app.state.settings
    wanted = request.cookies.get(LANGUAGE)
    language = wanted if wanted in settings.languages else settings.languages[0]
    partner = await _partner(request)
    framed = partner is not None and request.headers.get("sec-fetch-dest") == "iframe"
    return Visit(request, settings, catalogue(language), partner, framed)


async def _partner(request: Request) -> Partner | None:
    _, first, *rest = request.url.path.split("/")
    if first != "with" or not rest:
        return None
    partners: Partners = request.app.state.partners
    return await partners.of(keepable(rest[0]), datetime.now(UTC))


VisitDep = Annotated[Visit, Depends(visit_of)]
