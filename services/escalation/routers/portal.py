"""The portal: agencies without a system of their own list, open, acknowledge, note, give back and close."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial, wraps
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.escalation.domain import words
from services.escalation.domain.local import day_of
from services.escalation.errors import UnknownReport
from services.escalation.handlers import acts, feeds, panels, people, queue
from services.escalation.pages import page
from services.escalation.routers.dependencies import (
    AtAgencyDep,
    CoveringDep,
    Now,
    OurPagesOnly,
    PoolDep,
    PortalDep,
    RulesDep,
    only_keepable,
)
from services.escalation.routers.portal_forms import (
    REFUSED,
    Action,
    Closing,
    Invitation,
    Note,
    Plan,
    Refused,
    Return,
    ReviewClosing,
    Shown,
    refusal,
)
from shared.events import SafeWords
from shared.faults import typed

router = APIRouter(prefix="/portal", dependencies=[OurPagesOnly], include_in_schema=False)

FILTERS: Final = {"open": "To do", "new": "Not acknowledged", "done": "Closed or given back"}
STATES: Final = {
    "queued": "new",
    "seen": "new",
    "acknowledged": "acknowledged",
    "returned": "given back",
    "closed": "closed",
    "withdrawn": "withdrawn",
    "erased": "erased",
}
SAFE_WORDS: Final = {
    SafeWords.being_looked_at: "it is being looked at",
    SafeWords.please_get_in_touch: "please get in touch, when it is safe",
    SafeWords.something_was_done: "something was done",
    SafeWords.nothing_more_will_be_done: "nothing more will be done for now",
}
LAST_WORDS: Final = {code: said for code, said in SAFE_WORDS.items() if code is not SafeWords.being_looked_at}
"""What may be told of what is closed."""
ASKED: Final = {
    "threshold": "Proposed at the area's threshold",
    "reporter": "Asked for by the reporter",
    "operator": "Asked for by a control room",
}


async def _typed(request: Request) -> dict[str, str]:
    """The form's fields, which FastAPI does not read by itself. Raises Unkeepable."""
    fields, _ = await typed(request)
    await only_keepable(request)
    return dict(fields)


TypedDep = Annotated[dict[str, str], Depends(_typed)]


class Desk:
    """Somebody of an agency at a page, with what their work needs."""

    def __init__(
        self,
        request: Request,
        person: PortalDep,
        agency: AtAgencyDep,
        rules: RulesDep,
        covering: CoveringDep,
        pool: PoolDep,
        now: Now,
        given: TypedDep,
    ) -> None:
        self.request, self.person, self.agency = request, person, agency
        self.rules, self.covering, self.pool, self.now, self.typed = rules, covering, pool, now, given
        self.names = {one.id: one.name for one in rules.directory.agencies}

    def page(self, template: str, error: Refused | None = None, **shown: Any) -> Response:
        """With what was typed into the form that was refused, and why; a form is named by where it is sent."""
        form = self.request.url.path.rpartition("/")[2]
        refused = refusal(form, self.typed, error) if error else None
        shown |= {"states": STATES, "asked": ASKED, "plain": words, "now": self.now, "refused": refused}
        return page(self.request, template, self.person, refused.status if refused else 200, **shown)

    async def report(self, report_id: UUID, error: Refused | None = None) -> Response:
        """Whenever it is shown, and not only when it is opened, the record says to whom."""
        held, steps = await feeds.opened(self.agency.id, report_id, self.agency.guests, self.now)
        await queue.seen(report_id, self.person.id, self.pool, self.now)
        called = await people.names([step["by"] for step in steps], self.pool)
        told = {"safe_words": SAFE_WORDS, "last_words": LAST_WORDS, "called": called, "whose": self.others}
        return self.page("portal_report.html", error, held=held, steps=steps, **told)

    @property
    def others(self) -> list[tuple[str, str]]:
        return [(agency_id, name) for agency_id, name in self.names.items() if agency_id != self.agency.id]

    async def review(self, review_id: UUID, error: Refused | None = None) -> Response:
        found = await panels.review(self.agency, review_id)
        shown = {
            "review": found.row,
            "complaints": [one | {"made_at": datetime.fromisoformat(one["made_at"])} for one in found.row["timeline"]],
            "actions": found.actions,
            "invited": found.invited,
            "names": self.names,
            "others": self.others,
            "me": self.agency.id,
            "today": day_of(self.now),
            "last_words": LAST_WORDS,
        }
        return self.page("portal_review.html", error, **shown)


DeskDep = Annotated[Desk, Depends(Desk)]


def _back(path: str) -> RedirectResponse:
    return RedirectResponse(f"/portal/{path}", 303)


Act = Callable[..., Awaitable[None]]


def _form(pages: str, show: Callable[[Desk, UUID, Refused], Awaitable[Response]], action: str) -> Callable[[Act], Act]:
    """A form on a page `about` a report or a review, which is shown again: with why, where the form was refused."""

    def routed(act: Act) -> Act:
        @router.post(f"/{pages}/{{about}}/{action}")
        @wraps(act)
        async def sent(about: UUID, desk: Desk, **beside: Any) -> Response:
            try:
                await act(about=about, desk=desk, **beside)
            except REFUSED as error:
                return await show(desk, about, error)
            return _back(f"{pages}/{about}")

        return act

    return routed


_on_report = partial(_form, "reports", Desk.report)
_on_review = partial(_form, "reviews", Desk.review)


@router.get("")
async def listed(desk: DeskDep, show: str = "open", reference: Annotated[str, Query(max_length=100)] = "") -> Response:
    chosen = show if show in FILTERS else "open"
    error: UnknownReport | None = None
    if reference:
        try:
            found = await feeds.by_reference(desk.agency.id, reference, desk.pool, desk.agency.guests)
            return _back(f"reports/{found}")
        except UnknownReport as unknown:
            error = unknown
    rows, more = await feeds.listed(desk.agency.id, chosen, desk.agency.guests)
    told = {"listed": rows, "more": more, "filters": FILTERS, "shown": chosen, "reference": reference}
    return desk.page("portal.html", error, agency_name=desk.names[desk.agency.id], **told)


@router.get("/reports/{report_id}")
async def report(report_id: UUID, desk: DeskDep) -> Response:
    return await desk.report(report_id)


@_on_report("acknowledge")
async def acknowledge(about: UUID, desk: DeskDep) -> None:
    await acts.acknowledge(desk.agency, about, desk.now, Shown.model_validate(desk.typed).position)


@_on_report("progress")
async def progress(about: UUID, desk: DeskDep) -> None:
    given = Note.model_validate(desk.typed)
    await acts.note(desk.agency, about, given.note, given.tell_reporter, desk.now, given.position)


@_on_report("return")
async def give_back(about: UUID, desk: DeskDep) -> None:
    given, directory = Return.model_validate(desk.typed), desk.rules.directory
    await acts.give_back(desk.agency, about, given.whose, given.reason, directory, desk.now, given.position)


@_on_report("close")
async def close(about: UUID, desk: DeskDep) -> None:
    given = Closing.model_validate(desk.typed)
    await acts.close(desk.agency, about, given.outcome, given.tell_reporter, desk.now, given.position)


@router.get("/reviews")
async def reviews(desk: DeskDep) -> Response:
    return desk.page("portal_reviews.html", reviews=await panels.reviews(desk.agency))


@router.get("/reviews/{review_id}")
async def review(review_id: UUID, desk: DeskDep) -> Response:
    return await desk.review(review_id)


@_on_review("actions")
async def add_action(about: UUID, desk: DeskDep) -> None:
    given = Action.model_validate(desk.typed)
    line = panels.NewAction(given.action, given.owner, given.due_on)
    await panels.add_action(desk.agency, about, line, desk.covering, desk.pool, desk.now)


@_on_review("actions/{action_id}/done")
async def done(about: UUID, action_id: UUID, desk: DeskDep) -> None:
    await panels.done(desk.agency, about, action_id, desk.now)


@_on_review("invitations")
async def invite(about: UUID, desk: DeskDep) -> None:
    invited = Invitation.model_validate(desk.typed).agency
    await panels.invite(desk.agency, about, invited, desk.covering, desk.pool, desk.now)


@_on_review("invitations/{invited}/take-back")
async def uninvite(about: UUID, invited: str, desk: DeskDep) -> None:
    await panels.uninvite(desk.agency, about, invited, desk.pool, desk.now)


@_on_review("plan")
async def plan(about: UUID, desk: DeskDep) -> None:
    await panels.plan(desk.agency, about, Plan.model_validate(desk.typed).review_on, desk.now)


@_on_review("close")
async def close_review(about: UUID, desk: DeskDep) -> None:
    given = ReviewClosing.model_validate(desk.typed)
    await panels.close(desk.agency, about, given.outcome, given.tell_reporter, desk.now)
