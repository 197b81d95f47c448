"""The form: one question a page. Every answer is kept on our side as it is given; nothing typed is lost."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from services.intake.domain import questions
from services.intake.domain.drafts import Draft
from services.intake.domain.questions import BY_NAME, EVIDENCE, MAX_STORY, Question, Reporting
from services.intake.errors import DraftGone, OtherDraft
from services.intake.handlers import drafts
from services.intake.handlers.drafts import Drafts
from services.intake.routers.dependencies import Now, PoolDep, SettingsDep
from services.intake.routers.origin import FromHere
from services.intake.routers.pages import DRAFT, Visit, VisitDep
from shared.database import DatabaseUnavailable
from shared.keepable import keepable_whole

MAX_FORM: Final = 4 * MAX_STORY  # bytes, so that a story which is too long is still read, and given back

router = APIRouter(dependencies=[FromHere], include_in_schema=False)

HONEYPOT: Final = "website"


async def _drafts(pool: PoolDep, settings: SettingsDep) -> Drafts:
    return Drafts(pool, settings.secrets)


async def _question(name: str) -> Question:
    if name not in BY_NAME or BY_NAME[name] is EVIDENCE:
        raise HTTPException(404, "There is no such question.")
    return BY_NAME[name]


DraftsDep = Annotated[Drafts, Depends(_drafts)]
QuestionDep = Annotated[Question, Depends(_question)]


async def filled_in(request: Request) -> dict[str, tuple[str, ...]]:
    """The form that was sent, each field with its values; files are not for here."""
    async with request.form(max_part_size=MAX_FORM) as form:
        given = {name: tuple(v for v in form.getlist(name) if isinstance(v, str)) for name in form}
    return dict(keepable_whole(given))


FilledIn = Annotated[Mapping[str, Sequence[str]], Depends(filled_in)]


async def _of_this_draft(visit: VisitDep, request: Request) -> None:
    """Raises OtherDraft where a page was sent of another draft than this browser writes by now."""
    form = await request.form(max_part_size=MAX_FORM)
    if not visit.writes(form.getlist("draft")):
        await form.close()
        raise OtherDraft("Carry on with the report that you are writing now.")


OfThisDraft: Final = Depends(_of_this_draft)


async def draft_of(visit: Visit, kept: Drafts, now: Now) -> Draft:
    """What this browser is writing. Raises DraftGone."""
    code = visit.cookie(DRAFT)
    if not code:
        raise DraftGone("Nothing has been written on this device, or it was sent or closed.")
    return await drafts.opened(code, kept, now)


@router.post("/form")
async def begin(visit: VisitDep, given: FilledIn, kept: DraftsDep, now: Now) -> Response:
    """Begin a report, once it is said for whom it is."""
    chosen = (given.get("reporting") or ("",))[0]
    if chosen not in set(Reporting):
        return visit.page("start.html", 400, faults={"reporting": "no_choice"})
    try:
        if "anew" not in given and (left := await drafts.at_stake(visit.cookie(DRAFT), kept, now)):
            return under_way(visit, left, "/form", reporting=chosen)
        code = await drafts.begin(Reporting(chosen), bool("".join(given.get(HONEYPOT, ()))), kept, now)
    except DatabaseUnavailable:
        page = "case_review.html" if chosen == Reporting.case_review else "start.html"
        return visit.page(page, 503, chosen=chosen, away="kept")
    return visit.with_cookie(visit.returned(visit.to("/form/begun")), DRAFT, code)


def under_way(visit: Visit, left: Draft, again: str, **typed: str) -> Response:
    """Something else is open in this browser, and nowhere else: it is left for `again` only if they say so."""
    about = {"sent": left.sent is not None, "again": visit.url(again), "typed": typed}
    return visit.page("under_way.html", HTTPStatus.CONFLICT, **about)


@router.get("/form/begun")
async def begun(visit: VisitDep) -> Response:
    """On to the form, where the browser has kept the cookie that was set a moment ago."""
    if not visit.cookie(DRAFT):
        return visit.page("cookies.html", HTTPStatus.BAD_REQUEST)
    return visit.to("/form/check" if checking(visit) else "/form/story")


@router.get("/form/danger")
async def danger(visit: VisitDep) -> Response:
    """Call 999 first; then send what is written, or carry on."""
    back, onward = ("now?check", "") if checking(visit) else ("now", visit.url("/form/party"))
    return visit.page("danger.html", onward=onward, back=visit.url(f"/form/{back}"))


@router.get("/form/lost")
async def lost(visit: VisitDep) -> Response:
    """What was told before is gone; the answer just given is kept. After `Exit this page` it says no more than that."""
    said = visit.request.query_params
    return visit.page("lost.html", in_danger="now" in said, left="left" in said)


@router.get("/form/{name}")
async def ask(visit: VisitDep, question: QuestionDep, kept: DraftsDep, now: Now) -> Response:
    draft = await draft_of(visit, kept, now)
    if draft.sent:
        return visit.to("/form/sent")
    if draft.reporting not in question.asked_of:
        return visit.to("/form/check")
    return asked(visit, question, draft.reporting, draft.answers)


def checking(visit: Visit) -> bool:
    """Whether somebody came from `Check your answers`, or has just sent it there, and goes back."""
    return "check" in visit.request.query_params or visit.request.url.path == visit.url("/form/check")


def back_from(visit: Visit, question: Question, reporting: Reporting) -> str:
    """The page before a question's."""
    if checking(visit):
        return visit.url("/form/check")
    if earlier := questions.before(question, reporting):
        return visit.url(f"/form/{earlier.name}")
    return visit.url("/case-review" if reporting is Reporting.case_review else "/")


def asked(
    visit: Visit, question: Question, reporting: Reporting, given: Mapping[str, Sequence[str]], **about: Any
) -> Response:
    """The page of one question, filled in with what was given."""
    return visit.page(
        "question.html",
        503 if about.get("away") else 400 if about.get("faults") else 200,
        question=question,
        reporting=reporting,
        given=given,
        number=questions.number(question, reporting),
        count=len(list(questions.asked(reporting))),
        back=back_from(visit, question, reporting),
        checking=checking(visit),
        **about,
    )


@router.post("/form/{name}", max_body_size=MAX_FORM)
async def tell(visit: VisitDep, question: QuestionDep, given: FilledIn, kept: DraftsDep, now: Now) -> Response:
    """Keep the answers to one question, and go on; where that cannot be, the same page with what was typed."""
    reporting = _reporting(question, given)
    if not visit.writes(given.get("draft", ())):
        return asked(visit, question, reporting, given, faults={question.fields[0].name: "other_draft"})
    if wrong := _faults(question, given, reporting):
        return asked(visit, question, reporting, given, faults=wrong)
    suspect = bool("".join(given.get(HONEYPOT, ())))
    answers = questions.answered(question, given)
    try:
        code, draft = await _kept(visit, question, answers, reporting, suspect, kept, now)
    except DatabaseUnavailable:
        return asked(visit, question, reporting, given, away="kept")
    if draft.sent and answers:
        return asked(visit, question, reporting, given, faults={question.fields[0].name: "already_sent"})
    begun_anew = any(given.get("draft", ())) and code != visit.cookie(DRAFT)
    onward = _lost(visit, given) if begun_anew else _onward(visit, question, given, draft)
    return visit.with_cookie(visit.returned(visit.to(onward)), DRAFT, code)


def _reporting(question: Question, given: Mapping[str, Sequence[str]]) -> Reporting:
    """As the page carried it along: it decides what the page looks like while the draft cannot be read."""
    said = (given.get("reporting") or ("",))[0]
    return next((one for one in question.asked_of if one == said), min(question.asked_of, key=list(Reporting).index))


def _faults(question: Question, given: Mapping[str, Sequence[str]], reporting: Reporting) -> dict[str, str]:
    """What is wrong; to save for later, or to go to the end, nothing is needed yet."""
    wrong = questions.faults(question, given, reporting)
    leaving_it = given.get("then") in (("save",), ("check",))
    return {name: fault for name, fault in wrong.items() if not (leaving_it and fault == f"missing_{name}")}


async def _kept(
    visit: Visit,
    question: Question,
    answers: Mapping[str, tuple[str, ...]],
    reporting: Reporting,
    suspect: bool,
    kept: Drafts,
    now: Now,
) -> tuple[str, Draft]:
    """The draft with these answers; a new one where the old one is gone, for what was just typed must not be."""
    code = visit.cookie(DRAFT) or await drafts.begin(reporting, suspect, kept, now)
    try:
        return code, await drafts.answer(code, question, answers, suspect, kept, now)
    except DraftGone:
        code = await drafts.begin(reporting, suspect, kept, now)
        return code, await drafts.answer(code, question, answers, suspect, kept, now)


def _lost(visit: Visit, given: Mapping[str, Sequence[str]]) -> str:
    flags = ["now"] * (given.get("now") == ("yes",)) + ["left"] * visit.left
    return f"/form/lost?{'&'.join(flags)}" if flags else "/form/lost"


def _onward(visit: Visit, question: Question, given: Mapping[str, Sequence[str]], draft: Draft) -> str:
    if draft.sent:
        return "/form/sent"
    if given.get("then") == ("save",):
        return "/form/save"
    to_the_end = checking(visit) or given.get("then") == ("check",)
    if given.get("now") == ("yes",):
        return "/form/danger?check" if to_the_end else "/form/danger"
    if to_the_end or draft.reporting not in question.asked_of:
        return "/form/check"
    following = questions.after(question, draft.reporting)
    return f"/form/{following.name}" if following else "/form/check"
