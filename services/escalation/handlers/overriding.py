"""A person says better than the rules: labels, threat level or grade, with a reason."""

from datetime import datetime
from typing import Any

from services.escalation.domain.case_review import Count
from services.escalation.domain.judging import Known, in_force, placed, read_danger
from services.escalation.domain.overrides import Override, Said
from services.escalation.domain.people import Worker
from services.escalation.domain.routing import NOBODY, Route
from services.escalation.domain.rules import Rules
from services.escalation.domain.unread import reading_of
from services.escalation.handlers import case_reviews, deliveries
from services.escalation.handlers.cases import Arrived, give_receipts, receipt_of, regraded
from services.escalation.handlers.leases import Hold, held
from services.escalation.handlers.sending import overridden
from services.escalation.repository import audit, cases, work
from services.escalation.repository.audit import Entry
from services.escalation.repository.cases import JudgedCase
from shared.database import Connection, Pool
from shared.events import Destination, ReportClassified, ReportRouted
from shared.outbox import Bell
from shared.security import sha256


async def override_case(hold: Hold, said: Said, pool: Pool, bell: Bell, rules: Rules, now: datetime) -> None:
    """Grade and route the case anew by what a person says of it; the rules' own reading is kept beside it."""
    report_id, worker = hold.report_id, hold.worker
    async with held(hold, pool, now) as (connection, row):
        event = ReportClassified.model_validate_json(row["event"])
        known = (await cases.locked(connection, [report_id]))[report_id]
        by = {"who": worker.name, "at": now, "of_danger": read_danger(event), "of_revision": event.revision}
        words = {"of_length": len(event.report.text), "of_words": sha256(event.report.text)}
        override = Override(**said.model_dump(), **by, **words).after(in_force(known.override, event, rules))
        counts = await case_reviews.counted(connection, [override.applied_to(event)], rules)
        case = _judged_anew(event, row, known, override, counts.get(report_id), rules, now)
        await cases.keep(connection, [case], [report_id], now)
        await _kept(connection, case, known, override, worker)
        await case_reviews.propose(connection, [case], counts, rules, now)
        await give_receipts(connection, {report_id: Arrived(event, known.assessed_at, None)}, {}, [case], now)
        if not _stays(event, row, rules):
            await deliveries.deliver(connection, [case], [report_id], rules, now)
        elif not case.drill:
            await deliveries.correct(connection, [case.as_said], rules.directory, now)
    bell.ring()


def _judged_anew(
    event: ReportClassified,
    row: Any,
    known: Known,
    override: Override,
    complaints: Count | None,
    rules: Rules,
    now: datetime,
) -> JudgedCase:
    """The case under this override, with a new receipt where one was given: what is linked to it is read by that."""
    where = placed(event, override, rules, known, complaints)
    routed = receipt_of(event, where, now) if known.receipt else None
    if known.receipt and routed and _stays(event, row, rules):
        before = ReportRouted.model_validate_json(known.receipt)
        kept = {"destinations": before.destinations, "responsible": before.responsible}
        routed = routed.model_copy(update=kept)
    return JudgedCase(
        event=event,
        event_json=row["event"],
        assessed_at=known.assessed_at,
        opened_at=known.opened_at,
        grading=where.grading,
        target_at=where.target_at,
        route=_as_it_is(row) if _stays(event, row, rules) else where.route,
        routed=routed,
        override=override,
        drill=row["drill"],
        moved=where.moved,
    )


def _stays(event: ReportClassified, row: Any, rules: Rules) -> bool:
    """A drill goes nowhere. A case that a control room has stays there while nobody can say whose area it is."""
    return row["drill"] or (row["force"] is not None and rules.area_of(event.report.place) is None)


def _as_it_is(row: Any) -> Route:
    """The control room that has it, and the queues in which it does."""
    whose = row["force"] or NOBODY
    here = (Destination(agency=whose, queue=queue, reason="as it was", ground="") for queue in row["queues"])
    return Route(row["force"], tuple(here))


async def _kept(connection: Connection, case: JudgedCase, known: Known, override: Override, worker: Worker) -> None:
    """For the record, for whoever judges the rules, and, unless it is a drill, for the others."""
    event, grading = case.event, case.grading
    said = override.model_dump(mode="json", exclude={"who", "why", "at", "of_words"})
    detail = {"override": said, **regraded(grading, known)}
    await audit.record(connection, [Entry(override.at, worker.id, "overrode", event.report_id, override.why, detail)])
    if case.drill:
        return
    made = reading_of(event)
    quotes: dict[str, Any] = {"evidence": True, "safe_contact": True, "explanation": True}
    quotes["risk"] = {"__all__": {"evidence"}}
    before = made.model_dump(mode="json", exclude=quotes) if made else None
    await work.overridden(connection, event.report_id, event.revision, override, before)
    await overridden(connection, event.report_id, event.revision, override, grading.grade, grading.danger_class)
