"""What escalation's routes are given: nothing without a token or a session.

All are coroutines: FastAPI runs what is not in a thread, at a cost for every request.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request, Response, Security
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2

from services.escalation import tokens
from services.escalation.domain.people import ADMINISTERS, AUDITS, SUPERVISES, WORKS_THE_QUEUE, Person, Role, Worker
from services.escalation.domain.rules import Covering, Rules
from services.escalation.errors import (
    ElsewhereSent,
    NotSignedIn,
    NotYours,
    ScopeLacking,
    SessionEnded,
    SignedOut,
    SignInFirst,
    Unkeepable,
)
from services.escalation.handlers import cases, people
from services.escalation.handlers.acts import ActingAgency
from services.escalation.handlers.arrivals import Arrivals
from services.escalation.openid import Provider
from services.escalation.rates import Rates
from services.escalation.rules_in_force import RulesInForce
from services.escalation.settings import Settings
from services.escalation.tokens import MEANS, Principal, Scope
from shared.clock import Clock
from shared.database import Pool
from shared.keepable import keepable, texts
from shared.outbox import Bell
from shared.security import bearer

COOKIE: Final = "__Host-heard-staff"
"""The session's cookie: Secure, for this host alone, out of reach of scripts."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def _kept(name: str) -> Any:
    """What `main` put into the application's state, under this name."""

    async def kept(request: Request) -> Any:
        return getattr(request.app.state, name)

    return Depends(kept)


async def _now(request: Request) -> datetime:
    clock: Clock = request.app.state.clock
    return clock.now()


async def _provider(request: Request) -> Provider:
    provider: Provider | None = request.app.state.provider
    if provider is None:
        raise NotYours("No OpenID provider is set here.")
    return provider


async def _rules(request: Request) -> Rules:
    in_force: RulesInForce = request.app.state.rules
    return await in_force.current()


SettingsDep = Annotated[Settings, _kept("settings")]
PoolDep = Annotated[Pool, _kept("pool")]
ProviderDep = Annotated[Provider, Depends(_provider)]
GuestsDep = Annotated[Pool, _kept("guests")]
"""Connections under the role that agencies' requests run as."""
ArrivalsDep = Annotated[Arrivals, _kept("arrivals")]
RatesDep = Annotated[Rates, _kept("rates")]
BellDep = Annotated[Bell, _kept("bell")]
RulesDep = Annotated[Rules, Depends(_rules)]
Now = Annotated[datetime, Depends(_now)]


async def _covering(request: Request) -> Covering:
    in_force: RulesInForce = request.app.state.rules
    return in_force.covering


CoveringDep = Annotated[Covering, Depends(_covering)]
"""Wherever it is asked whom other reports complain of than the one that is named."""


async def _rules_for(report_id: UUID, covering: CoveringDep, pool: PoolDep) -> Rules:
    """Those in force, with the area of this case's place where only a postcode service knows it."""
    return await cases.rules_for([report_id], covering, pool)


RulesForDep = Annotated[Rules, Depends(_rules_for)]
"""Wherever this case is routed, or it is asked whom it complains of. Named after whoever asks: it waits for others."""


TOKEN: Final = OAuth2(
    flows=OAuthFlows(clientCredentials=OAuthFlowClientCredentials(tokenUrl="/oauth/token", scopes=dict(MEANS))),
    scheme_name="token",
    description="a client id and secret (`heard escalation client`) buy ten minutes' access",
    auto_error=False,
)


async def _principal(
    settings: SettingsDep, now: Now, authorization: Annotated[str | None, Depends(TOKEN)]
) -> Principal:
    token = bearer(authorization)
    if token is None:
        raise NotSignedIn("Ask for a token at /oauth/token, and send it as `Authorization: Bearer …`.")
    return tokens.read(token, settings.token_keys, now)


async def _operator(principal: Annotated[Principal, Security(_principal, scopes=["queue"])]) -> Principal:
    if principal.role != "operator":
        raise NotYours("Only a control room sees the queue.")
    if "queue" not in principal.scopes:
        raise ScopeLacking("Ask for a token with the scope queue.")
    return principal


def _agency(scope: Scope) -> Callable[..., Awaitable[Principal]]:
    """Each request is counted, whatever it is for; its answer says how many more there may be."""

    async def its_own(
        agency_id: str,
        principal: Annotated[Principal, Security(_principal, scopes=[scope])],
        rules: RulesDep,
        rates: RatesDep,
        response: Response,
    ) -> Principal:
        if principal.role != "agency" or principal.belongs_to != agency_id:
            raise NotYours("An agency sees only what was routed to it.")
        _must_be_listed(agency_id, rules)
        if scope not in principal.scopes:
            raise ScopeLacking(f"Ask for a token with the scope {scope}.")
        response.headers.update(await rates.taken(principal.client))
        return principal

    return its_own


def _must_be_listed(agency_id: str, rules: Rules) -> None:
    """Raises NotYours for one that was taken out of the directory, whatever it was let in with."""
    if rules.directory.agency(agency_id) is None:
        raise NotYours("Your agency is not in the directory any more.")


OperatorDep = Annotated[Principal, Depends(_operator)]
ReadsReports = Annotated[Principal, Depends(_agency("reports.read"))]
ActsOnReports = Annotated[Principal, Depends(_agency("reports.act"))]
Reviews = Annotated[Principal, Depends(_agency("reviews"))]


async def _acting(who: ActsOnReports, guests: GuestsDep, bell: BellDep) -> ActingAgency:
    return ActingAgency(who, guests, bell)


async def _reviewing(who: Reviews, guests: GuestsDep, bell: BellDep) -> ActingAgency:
    return ActingAgency(who, guests, bell)


ActsDep = Annotated[ActingAgency, Depends(_acting)]
ReviewsDep = Annotated[ActingAgency, Depends(_reviewing)]


async def _program(operator: OperatorDep) -> Worker:
    return Worker(operator.client, operator.client, operator.belongs_to)


ProgramDep = Annotated[Worker, Depends(_program)]


async def _signed_in(request: Request, pool: PoolDep, now: Now) -> Person:
    """Whoever's session the browser shows. Raises SignInFirst, SessionEnded, or SignedOut to htmx."""
    token = request.cookies.get(COOKIE)
    person = await people.who_is(token, pool, now) if token else None
    if person is not None:
        return person
    if "HX-Request" in request.headers:
        raise SignedOut("Sign in in another tab, then press again.")
    if token:
        raise SessionEnded("Your session has ended.")
    raise SignInFirst("Nobody is signed in.")


PersonDep = Annotated[Person, Depends(_signed_in)]


def _as(roles: frozenset[Role]) -> Callable[[Person], Awaitable[Person]]:
    async def checked(person: PersonDep) -> Person:
        if person.role not in roles:
            raise NotYours(f"This page is for: {', '.join(sorted(roles))}.")
        return person

    return checked


WorkerDep = Annotated[Person, Depends(_as(WORKS_THE_QUEUE))]

SupervisorDep = Annotated[Person, Depends(_as(SUPERVISES))]
AdminDep = Annotated[Person, Depends(_as(ADMINISTERS))]
AuditorDep = Annotated[Person, Depends(_as(AUDITS))]


PortalDep = Annotated[Person, Depends(_as(frozenset({Role.agency})))]


async def _at_agency(person: PortalDep, guests: GuestsDep, bell: BellDep, rules: RulesDep) -> ActingAgency:
    _must_be_listed(person.belongs_to, rules)
    return ActingAgency(Principal(person.id, "agency", person.belongs_to), guests, bell)


AtAgencyDep = Annotated[ActingAgency, Depends(_at_agency)]


async def same_origin(request: Request) -> None:
    """Whatever changes something must come from our own page: by Sec-Fetch-Site, or by Origin in older browsers."""
    if request.method in SAFE:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site == "same-origin" or (site is None and origin and urlsplit(origin).netloc == request.headers.get("host")):
        return
    raise ElsewhereSent("Open the page again and send it from there.")


OurPagesOnly = Depends(same_origin)
"""For `APIRouter(dependencies=[…])` of every router whose routes know people by their session."""


async def only_keepable(request: Request) -> None:
    """Raises Unkeepable before anything is done. FastAPI has read the body by now, where the route has one."""
    form, document = getattr(request, "_form", None), getattr(request, "_json", None)
    sent = [request.path_params, request.query_params.multi_items(), form.multi_items() if form else (), document]
    if any(keepable(text) != text for text in texts(sent)):
        raise Unkeepable("Take out the character zero (U+0000) and halves of characters, and send it again.")


KeepableOnly = Depends(only_keepable)
"""For every router, in front of all that takes words."""
