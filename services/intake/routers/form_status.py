"""How a report stands, safe to be seen over a shoulder: never the story, the labels or an agency's name."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from services.intake.domain import questions
from services.intake.domain.questions import BY_NAME, Reporting
from services.intake.domain.reports import normalised_secret
from services.intake.errors import TooLong, UnknownReference, VisitOver
from services.intake.handlers import amendments, explanations, reports, visits
from services.intake.handlers.drafts import Drafts
from services.intake.handlers.reports import Standing
from services.intake.handlers.visits import Holder
from services.intake.routers.dependencies import BellDep, ClassifierDep, Now, RingDep
from services.intake.routers.floods import FloodsDep
from services.intake.routers.form import MAX_FORM, DraftsDep, FilledIn
from services.intake.routers.form_end import closing
from services.intake.routers.origin import FromHere
from services.intake.routers.pages import STATUS, Visit, VisitDep
from shared.database import DatabaseUnavailable
from shared.postcodes import postcode_of
from shared.told import Contact, Place

router = APIRouter(prefix="/status", dependencies=[FromHere], include_in_schema=False)

SENT_ON: Final = ("more", "review", "withdraw")
"""Below /status: what is pressed there while nobody is let in any more is done once they are let in again."""


async def _holder(visit: VisitDep, kept: DraftsDep, now: Now) -> Holder:
    return await visits.holder_of(visit.cookie(STATUS), kept, now)


async def _of_this_report(visit: VisitDep, request: Request) -> None:
    """Raises VisitOver where a page was sent of another report than this browser has open by now."""
    form = await request.form(max_part_size=MAX_FORM)
    if any(one != visit.report for one in form.getlist("of")):
        raise VisitOver("This page is of another report. Look that up again.")


OfThisReport: Final = Depends(_of_this_report)


@router.get("")
async def look_up(visit: VisitDep, kept: DraftsDep, now: Now) -> Response:
    try:
        holder = await _holder(visit, kept, now)
    except VisitOver:
        return visit.page("look_up.html", over=bool(visit.cookie(STATUS)))
    return await _page(visit, holder, kept)


@router.post("", max_body_size=MAX_FORM)
async def enter(visit: VisitDep, kept: DraftsDep, given: FilledIn, now: Now) -> Response:
    """Let in whoever has both; what they were about to send goes on to where they sent it."""
    reference = _typed(given, "reference") or ""
    secret = _typed(given, "secret") or ""
    then = _typed(given, "then") or ""
    carried = carried_along(then, ((name, value) for name, values in given.items() for value in values))
    typed = {"reference": reference, "secret": secret, "carried": carried}
    if empty := {name: f"no_{name}" for name in ("reference", "secret") if not typed[name]}:
        return visit.page("look_up.html", 400, faults=empty, **typed)
    try:
        code = await visits.enter(Holder(reference=reference, secret=normalised_secret(secret)), kept, now)
    except UnknownReference:
        return visit.page("look_up.html", 404, faults={"reference": "no_report"}, **typed)
    except DatabaseUnavailable:
        return visit.page("look_up.html", 503, away="kept", **typed)
    let_in = RedirectResponse(visit.url(f"/status/{then}"), 307) if then in SENT_ON else visit.to("/status/begun")
    return visit.with_cookie(visit.returned(let_in), STATUS, code)


@router.get("/begun")
async def begun(visit: VisitDep) -> Response:
    """On to the report's page, where the browser has kept the cookie that was set a moment ago."""
    return visit.to("/status") if visit.cookie(STATUS) else visit.page("cookies.html", HTTPStatus.BAD_REQUEST)


def carried_along(then: str, typed: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The fields that the page for looking up a report has out of sight, so that they are sent on to `then`."""
    kept = [(name, value) for name, value in typed if name not in ("reference", "secret", "then", "of")]
    return [("then", then), *kept] if then in SENT_ON else []


@router.post("/more", max_body_size=MAX_FORM, dependencies=[OfThisReport])
async def add_more(
    visit: VisitDep, kept: DraftsDep, given: FilledIn, bell: BellDep, ring: RingDep, floods: FloodsDep, now: Now
) -> Response:
    text = "".join(given.get("text", ()))
    try:
        holder = await _holder(visit, kept, now)
        if not text.strip():
            return await _page(visit, holder, kept, faults={"text": "no_text"})
        turn = (await floods.from_place(visit.request)).turn
        await amendments.add_more(holder.reference, holder.secret, text, kept.pool, bell, ring, now, turn)
    except TooLong:
        return await _page(visit, holder, kept, faults={"text": "too_long_to_add"}, text=text)
    except DatabaseUnavailable:
        return visit.page("status.html", 503, away="kept", text=text)
    return visit.to("/status/added")


@router.get("/added")
@router.get("/withdrawn")
@router.get("/review-asked")
@router.get("/area-wanted")
async def noted(visit: VisitDep) -> Response:
    """That what was sent is kept."""
    words = visit.request.url.path.rpartition("/")[2].replace("-", "_")
    return visit.page("noted.html", words=words, back=visit.url("/status"))


@router.get("/withdraw")
async def withdraw(visit: VisitDep) -> Response:
    return visit.page("withdraw.html", back=visit.url("/status"))


@router.post("/withdraw", dependencies=[OfThisReport])
async def ask_to_withdraw(
    visit: VisitDep, kept: DraftsDep, bell: BellDep, ring: RingDep, floods: FloodsDep, now: Now
) -> Response:
    holder = await _holder(visit, kept, now)
    turn = (await floods.from_place(visit.request)).turn
    await amendments.ask_to_withdraw(holder.reference, holder.secret, kept.pool, bell, ring, now, turn)
    return visit.to("/status/withdrawn")


@router.get("/review")
async def review(visit: VisitDep, kept: DraftsDep, now: Now) -> Response:
    """Ask for an ASB Case Review: with name and how to reach them, and where it is, as far as we do not know."""
    return _review(visit, await _standing(await _holder(visit, kept, now), kept), {})


@router.post("/review", dependencies=[OfThisReport])
async def ask_for_review(
    visit: VisitDep, kept: DraftsDep, given: FilledIn, bell: BellDep, ring: RingDep, floods: FloodsDep, now: Now
) -> Response:
    try:
        holder = await _holder(visit, kept, now)
        known = await _standing(holder, kept)
        asked = [BY_NAME["where"]] * (not known.placed) + [BY_NAME["contact"]] * (not known.named)
        wrong = (questions.faults(one, given, Reporting.case_review) for one in asked)
        if faults := {name: fault for found in wrong for name, fault in found.items()}:
            return _review(visit, known, given, faults=faults)
        contact = None if known.named else Contact(**{name: _typed(given, name) for name in Contact.model_fields})
        place = Place() if known.placed else Place(postcode=_typed(given, "postcode"), words=_typed(given, "place"))
        about = (contact, _typed(given, "safe_words"), place)
        turn = (await floods.from_place(visit.request)).turn
        await amendments.ask_for_review(holder.reference, holder.secret, *about, kept.pool, bell, ring, now, turn)
    except TooLong:
        return _review(visit, known, given, faults={"place" if known.named else "safe_words": "too_long_to_add"})
    except DatabaseUnavailable:
        return _review(visit, None, given, away="kept")
    return visit.to("/status/review-asked" if known.placed or postcode_of(place) else "/status/area-wanted")


async def _standing(holder: Holder, kept: Drafts) -> Standing:
    return await reports.standing(holder.reference, holder.secret, kept.pool)


def _typed(given: Mapping[str, Sequence[str]], name: str) -> str | None:
    return "".join(given.get(name, ())).strip() or None


def _review(visit: Visit, known: Standing | None, given: Mapping[str, Sequence[str]], **about: Any) -> Response:
    status = 503 if about.get("away") else 400 if about.get("faults") else 200
    back = visit.url("/status")
    return visit.page("ask_review.html", status, known=known, given=given, back=back, **about)


@router.get("/reading")
async def safe_to_show(visit: VisitDep, kept: DraftsDep, now: Now) -> Response:
    await _holder(visit, kept, now)
    return visit.page("safe_to_show.html", show="/status/reading", back=visit.url("/status"))


@router.post("/reading", dependencies=[OfThisReport])
async def reading(visit: VisitDep, kept: DraftsDep, classifier: ClassifierDep, now: Now) -> Response:
    holder = await _holder(visit, kept, now)
    found = await _standing(holder, kept)
    told = await explanations.explain(found.reference, kept.pool, classifier)
    back = visit.url("/status")
    return visit.page("reading.html", paragraphs=told.paragraphs, responsible=told.responsible, back=back)


@router.post("/close")
async def close(visit: VisitDep, kept: DraftsDep, now: Now) -> Response:
    return await closing(visit, STATUS, kept, now)


async def _page(
    visit: Visit, holder: Holder, kept: Drafts, faults: dict[str, str] | None = None, text: str = ""
) -> Response:
    standing = await _standing(holder, kept)
    return visit.page("status.html", 400 if faults else 200, standing=standing, faults=faults, text=text)
