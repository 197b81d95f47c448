"""The end of the form: answers checked, sent, and what is shown once; or saved for later."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import PlainTextResponse

from services.intake.domain import questions, sealing
from services.intake.domain.questions import REPORTS, Reporting
from services.intake.errors import DraftGone, TooLong, VisitOver
from services.intake.handlers import drafts, evidence, explanations, visits
from services.intake.handlers.drafts import Drafts
from services.intake.routers.dependencies import BellDep, ClassifierDep, Now, RingDep
from services.intake.routers.floods import A_PERSON_TAKES, FloodsDep
from services.intake.routers.form import DraftsDep, FilledIn, OfThisDraft, asked, draft_of, under_way
from services.intake.routers.origin import FromHere, OnlyFromHere
from services.intake.routers.pages import DRAFT, OPENING, STATUS, Visit, VisitDep
from shared.database import DatabaseUnavailable
from shared.keepable import Kept
from shared.references import normalised_reference

router = APIRouter(dependencies=[FromHere], include_in_schema=False)


@router.get("/form/check")
async def check(visit: VisitDep, kept: DraftsDep, now: Now) -> Response:
    draft = await draft_of(visit, kept, now)
    if draft.sent:
        return visit.to("/form/sent")
    beyond = questions.beyond(draft.reached, draft.reporting)
    return visit.page(
        "check.html",
        draft=draft,
        questions=list(questions.asked(draft.reporting)),
        files=await evidence.of_draft(visit.cookie(DRAFT) or "", kept),
        beyond=beyond,
        number=beyond and questions.number(beyond, draft.reporting),
        back=visit.url("/form/share"),
    )


@router.get("/form/who")
async def who(visit: VisitDep, kept: DraftsDep, now: Now) -> Response:
    draft = await draft_of(visit, kept, now)
    if draft.sent or draft.reporting not in REPORTS:
        return visit.to("/form/check")
    return visit.page("who.html", chosen=draft.reporting, back=visit.url("/form/check"))


@router.post("/form/who", dependencies=[OfThisDraft])
async def change_who(visit: VisitDep, given: FilledIn, kept: DraftsDep, now: Now) -> Response:
    """Whom it is for, said anew; what is then not asked is not sent."""
    chosen = (given.get("reporting") or ("",))[0]
    if chosen not in REPORTS:
        return visit.page("who.html", 400, faults={"reporting": "no_choice"}, back=visit.url("/form/check"))
    await drafts.report_for(visit.cookie(DRAFT) or "", Reporting(chosen), kept, now)
    return visit.to("/form/check")


@router.post("/form/check", dependencies=[OfThisDraft])
async def send(visit: VisitDep, kept: DraftsDep, ring: RingDep, bell: BellDep, floods: FloodsDep, now: Now) -> Response:
    """Send it. It is ours once the page after this is there; until then nothing typed is lost."""
    try:
        draft = await draft_of(visit, kept, now)
        if not draft.sent and (missing := questions.unanswered(draft.answers, draft.reporting)):
            wrong = questions.faults(missing, draft.answers, draft.reporting)
            return asked(visit, missing, draft.reporting, draft.answers, faults=wrong)
        allowance = await floods.from_place(visit.request)
        low_trust = allowance.over or now - draft.begun_at < A_PERSON_TAKES
        code = visit.cookie(DRAFT) or ""
        await drafts.send(code, visit.source, low_trust, allowance.turn, kept, ring, bell, now)
    except TooLong:
        longest, field = questions.longest(draft.answers, draft.reporting)
        return asked(visit, longest, draft.reporting, draft.answers, faults={field: "too_long_in_all"})
    except DatabaseUnavailable:
        return visit.page("away.html", 503, again=visit.url("/form/check"))
    return visit.to("/form/sent")


@router.get("/form/sent")
async def sent(visit: VisitDep, kept: DraftsDep, now: Now) -> Response:
    draft = await draft_of(visit, kept, now)
    if not (done := draft.sent):
        return visit.to("/form/check")
    applied = draft.reporting is Reporting.case_review
    return visit.page("sent.html", sent=done, applied=applied, area_wanted=applied and not done.placed)


@router.post("/form/sent/file")
async def as_a_file(
    visit: VisitDep, reference: Annotated[Kept, Form(max_length=50)], secret: Annotated[Kept, Form(max_length=50)]
) -> Response:
    """What its page shows, however long ago that was opened: the secret is nowhere else. Not a word of the report."""
    address = str(visit.request.url_for("look_up"))
    words = visit.words("sent.file", reference=reference, secret=secret, address=address)
    return PlainTextResponse(words, headers={"Content-Disposition": 'attachment; filename="note.txt"'})


@router.get("/form/sent/reading")
async def safe_to_show(visit: VisitDep, kept: DraftsDep, now: Now) -> Response:
    """Behind a question first: it repeats words of the report."""
    if not (await draft_of(visit, kept, now)).sent:
        return visit.to("/form/check")
    return visit.page("safe_to_show.html", show="/form/sent/reading", back=visit.url("/form/sent"))


@router.post("/form/sent/reading", dependencies=[OfThisDraft])
async def reading(visit: VisitDep, kept: DraftsDep, classifier: ClassifierDep, now: Now) -> Response:
    if not (done := (await draft_of(visit, kept, now)).sent):
        return visit.to("/form/check")
    told = await explanations.explain(done.reference, kept.pool, classifier)
    back = visit.url("/form/sent")
    return visit.page("reading.html", paragraphs=told.paragraphs, responsible=told.responsible, back=back)


@router.post("/form/close", dependencies=[OfThisDraft])
async def close(visit: VisitDep, kept: DraftsDep, now: Now) -> Response:
    """Close what was sent, or leave what was saved: this device opens it no more."""
    return await closing(visit, DRAFT, kept, now)


async def closing(visit: Visit, opener: str, kept: Drafts, now: Now) -> Response:
    """Close what this cookie opens, and what the other opens of the same report."""
    answer = visit.to("/closed")
    for cookie in OPENING if await _of_one_report(visit, kept, now) else (opener,):
        code = visit.cookie(cookie) or ""
        await (drafts.close(code, kept, now) if cookie == DRAFT else visits.end(code, kept))
        visit.without_cookie(answer, cookie)
    return answer


async def _of_one_report(visit: Visit, kept: Drafts, now: Now) -> bool:
    """Whether the page after sending a report and the page of how it stands are both open in this browser."""
    try:
        sent = (await draft_of(visit, kept, now)).sent
        holder = await visits.holder_of(visit.cookie(STATUS), kept, now)
    except (VisitOver, DraftGone):
        return False
    return sent is not None and sent.reference == normalised_reference(holder.reference)


@router.get("/closed")
async def closed(visit: VisitDep) -> Response:
    return visit.page("closed.html")


@router.get("/form/save", dependencies=[OnlyFromHere])
async def save(visit: VisitDep, kept: DraftsDep, now: Now) -> Response:
    draft = await draft_of(visit, kept, now)
    if draft.sent:
        return visit.to("/form/sent")
    code = visit.cookie(DRAFT) or ""
    until = await drafts.save(code, kept, now)
    in_danger = draft.one("now") == "yes"
    onward = visit.url("/form/check")
    return visit.page("save.html", code=code, until=visit.date(until), onward=onward, in_danger=in_danger)


@router.get("/return")
async def come_back(visit: VisitDep) -> Response:
    return visit.page("return.html")


@router.post("/return")
async def carry_on(
    visit: VisitDep, kept: DraftsDep, now: Now, code: Annotated[Kept, Form()] = "", anew: Annotated[str, Form()] = ""
) -> Response:
    plain = sealing.normalised_code(code)
    if not plain:
        return visit.page("return.html", 400, faults={"code": "no_code"}, code=code)
    try:
        await drafts.opened(plain, kept, now)
        written = visit.cookie(DRAFT)
        if written != plain and not anew and (left := await drafts.at_stake(written, kept, now)):
            return under_way(visit, left, "/return", code=plain)
    except DraftGone:
        return visit.page("return.html", 404, faults={"code": "wrong_code"}, code=code)
    except DatabaseUnavailable:
        return visit.page("return.html", 503, away="kept", code=code)
    return visit.with_cookie(visit.returned(visit.to("/form/begun?check")), DRAFT, plain)
