"""One case on the board's right-hand side, or on a page of its own, and everything that is done about it there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from pydantic import BeforeValidator

from services.escalation.domain import board, marks, risk, timeline, words
from services.escalation.domain.directory import Kind
from services.escalation.domain.grading import Grade
from services.escalation.domain.outcomes import WORDS, Outcome
from services.escalation.domain.overrides import Said
from services.escalation.domain.people import Worker
from services.escalation.domain.routing import Subject
from services.escalation.domain.rules import Rules
from services.escalation.errors import NotSo
from services.escalation.handlers import leases, overriding, queue, rerouting, work
from services.escalation.handlers.leases import Hold, Shown
from services.escalation.handlers.queue import Whole
from services.escalation.handlers.recounting import recount
from services.escalation.handlers.work import LOOKED_THROUGH
from services.escalation.pages import page
from services.escalation.routers.dependencies import (
    BellDep,
    CoveringDep,
    Now,
    OurPagesOnly,
    PoolDep,
    RulesDep,
    RulesForDep,
    WorkerDep,
)
from services.escalation.routers.sign_in import go
from services.escalation.routers.texts import LONGEST, SAID, TYPED
from shared.codebook import DangerClass, Label, Threat
from shared.postcodes import postcode_of

router = APIRouter(prefix="/board", dependencies=[OurPagesOnly], include_in_schema=False)


def _chosen(value: object) -> object:
    """A select left at its first choice sends nothing between its quotes."""
    return value or None


Words = Annotated[str, Form(max_length=LONGEST), TYPED, SAID]
Remark = Annotated[str, Form(max_length=LONGEST), TYPED]
Token = Annotated[UUID, Form()]
Key = Annotated[str, Form(max_length=200)]


COPIES: Final = r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:\d{1,18}( |$))*$"
"""The near-copies that a page showed, each with its version, one after the other."""


async def _hold(
    report_id: UUID,
    token: Token,
    person: WorkerDep,
    revision: Annotated[int, Form()],
    reading: Annotated[int, Form()],
    danger_class: Annotated[int, Form()],
    came_back: Annotated[int, Form(ge=0)],
) -> Hold:
    return Hold(report_id, token, person.worker, Shown(revision, reading, danger_class, came_back))


HoldDep = Annotated[Hold, Depends(_hold)]


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody at a page, with what their work needs."""

    request: Request
    person: WorkerDep
    pool: PoolDep
    bell: BellDep
    rules: RulesDep
    covering: CoveringDep
    now: Now

    @property
    def worker(self) -> Worker:
        return self.person.worker

    async def show(self, report_id: UUID) -> Response:
        """The case as it is now: a part of the board for htmx; for anybody else its own page, which they are led to."""
        if self.request.method == "POST" and "HX-Request" not in self.request.headers:
            return go(f"/board/cases/{report_id}")
        found = await queue.whole(report_id, self.worker.force, self.pool, self.covering, self.now)
        template = "case_part.html" if "HX-Request" in self.request.headers else "case.html"
        shown = view(found, self.worker, self.rules, self.now)
        return page(self.request, template, self.person, now=self.now, **shown)


DeskDep = Annotated[Desk, Depends()]


def view(case: Whole, worker: Worker, rules: Rules, now: datetime) -> dict[str, Any]:
    """What the templates show of a case."""
    item = case.item
    holder, danger_class = item.held_by(now), DangerClass(item.danger_class)
    return {
        "case": case,
        "item": item,
        "report": item.report,
        "assessment": item.assessment,
        "stamp": board.Stamp(item.seen_as, holder is not None, item.copies),
        "mine": holder == worker.id,
        "held": holder is not None,
        "danger": board.danger(item.danger_class),
        "labels": board.labels(item.assessment),
        "place": board.place(item.report),
        "postcode": postcode_of(item.report.place),
        "safe": board.safe_contact(item.report, item.assessment),
        "pieces": marks.pieces(item.report.text, item.assessment.evidence if item.assessment else ()),
        "notes": board.marks(item.report),
        "later": timeline.later(case.entries),
        "linked_by": timeline.linked_by,
        "moments": timeline.timeline(case.entries, case.notes),
        "pictures": risk.pictures(item.assessment) if item.assessment else (),
        "words": words,
        "outcomes": WORDS,
        "agencies": rules.directory.agencies,
        "agency": rules.directory.agency,
        "responsible": rules.routing.responsible(Subject(item.report, item.assessment, danger_class, None)),
    }


@router.get("/cases/{report_id}")
async def case(report_id: UUID, desk: DeskDep, again: Annotated[bool, Query()] = False) -> Response:
    """`again`: the page is only keeping up with what it already shows, which is no new look for the record."""
    answer = await desk.show(report_id)
    await queue.seen(report_id, desk.worker.id, desk.pool, desk.now, again)
    return answer


@router.post("/search")
async def search(q: Annotated[str, Form(min_length=2, max_length=200)], desk: DeskDep) -> Response:
    """Not by an address: what is searched for is a name or a number, and addresses are logged on their way."""
    found, more = await work.search(desk.worker, q, desk.pool, desk.now)
    template = "found.html" if "HX-Request" in desk.request.headers else "found_alone.html"
    return page(desk.request, template, desk.person, found=found, more=more, looked_through=LOOKED_THROUGH)


@router.post("/renewals", status_code=204)
async def renew(person: WorkerDep, pool: PoolDep, now: Now) -> None:
    """The page is open: whatever its owner holds stays theirs."""
    await leases.renew_all(person.worker, pool, now)


@router.post("/claims")
async def claim_next(desk: DeskDep, queue: Annotated[str, Form()] = "", key: Key = "") -> Response:
    """`key`: sent again with the same one, because its answer was lost, it is the same claim."""
    taken = await leases.claim_next(desk.worker, queue or None, key or None, desk.pool, desk.now)
    if taken is None:
        raise NotSo("Nothing is there to claim.")
    return await desk.show(taken.report_id)


@router.post("/cases/{report_id}/claim")
async def claim(report_id: UUID, desk: DeskDep) -> Response:
    await leases.claim(report_id, desk.worker, None, desk.pool, desk.now)
    return await desk.show(report_id)


@router.post("/cases/{report_id}/release")
async def release(report_id: UUID, token: Token, desk: DeskDep, why: Remark = "") -> Response:
    await leases.release(Hold(report_id, token, desk.worker), why, desk.pool, desk.now)
    return await desk.show(report_id)


@router.post("/cases/{report_id}/contact")
async def contacted(hold: HoldDep, desk: DeskDep, how: Remark = "") -> Response:
    await work.contacted(hold, how, desk.pool, desk.now)
    return await desk.show(hold.report_id)


@router.post("/cases/{report_id}/notes")
async def note(report_id: UUID, words: Words, desk: DeskDep) -> Response:
    await work.note(report_id, desk.worker, words, desk.pool, desk.now)
    return await desk.show(report_id)


@router.post("/cases/{report_id}/override")
async def override(
    hold: HoldDep,
    why: Words,
    desk: DeskDep,
    rules: RulesForDep,
    covering: CoveringDep,
    labels: Annotated[list[Label] | None, Form()] = None,
    threat: Annotated[Threat | None, BeforeValidator(_chosen), Form()] = None,
    grade: Annotated[Grade | None, BeforeValidator(_chosen), Form()] = None,
) -> Response:
    if not (labels or threat or grade):
        raise NotSo("Choose labels, a threat level or a grade.")
    said = Said(why=why, labels=tuple(labels) if labels else None, threat=threat, grade=grade)
    await overriding.override_case(hold, said, desk.pool, desk.bell, rules, desk.now)
    await recount([hold.report_id], covering, desk.pool, desk.bell, desk.now)
    return await desk.show(hold.report_id)


@router.post("/cases/{report_id}/route")
async def reroute(
    hold: HoldDep,
    agency: Annotated[str, Form()],
    why: Words,
    desk: DeskDep,
    rules: RulesForDep,
    queue: Annotated[str, Form()] = "",
) -> Response:
    given = await rerouting.reroute(hold, agency, queue or None, why, desk.pool, desk.bell, rules, desk.now)
    if given.kind is not Kind.police or given.id == desk.worker.force:
        return await desk.show(hold.report_id)
    if "HX-Request" not in desk.request.headers:
        return go("/board")
    return page(desk.request, "sent.html", desk.person, agency=given)


@router.post("/cases/{report_id}/links")
async def link(
    report_id: UUID,
    reference: Annotated[str, Form(min_length=1)],
    why: Words,
    desk: DeskDep,
    disputed: Annotated[bool, Form()] = False,
) -> Response:
    if disputed:
        await work.dispute(report_id, reference, desk.worker, why, desk.pool, desk.bell, desk.now)
    else:
        await work.link(report_id, reference, desk.worker, why, desk.pool, desk.now)
    return await desk.show(report_id)


@router.post("/cases/{report_id}/close")
async def close(
    hold: HoldDep,
    outcome: Annotated[Outcome, Form()],
    desk: DeskDep,
    why: Remark = "",
    copies: Annotated[str, Form(pattern=COPIES)] = "",
) -> Response:
    seen = {UUID(one): int(version) for one, version in (copy.split(":") for copy in copies.split())}
    await work.close(hold, outcome, why, desk.pool, desk.now, seen)
    return await desk.show(hold.report_id)
