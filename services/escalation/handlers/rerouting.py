"""A person sends a case elsewhere: to another agency too, or to another police force altogether."""

from datetime import datetime

from services.escalation.domain.directory import Agency, Directory, Kind
from services.escalation.domain.routing import CONTROL_ROOM
from services.escalation.domain.rules import Rules
from services.escalation.errors import NotSo
from services.escalation.handlers import deliveries
from services.escalation.handlers.leases import Hold, held
from services.escalation.repository import audit, cases, leases, queue
from services.escalation.repository.audit import Entry
from shared.codebook import DangerClass
from shared.database import Pool
from shared.events import Destination, ReportReceived
from shared.outbox import Bell


async def reroute(
    hold: Hold,
    agency_id: str,
    to_queue: str | None,
    why: str,
    pool: Pool,
    bell: Bell,
    rules: Rules,
    now: datetime,
) -> Agency:
    """`to_queue` None: where what is for its kind goes. Raises NotSo where it may not go there.

    That is: no such agency or queue, no ground, or the body complained of. Returns the agency that has it now.
    """
    report_id, worker = hold.report_id, hold.worker
    async with held(hold, pool, now) as (connection, row):
        if row["drill"]:
            raise NotSo("A drill is delivered to nobody.")
        event = cases.as_said(row)
        agency = _agency(agency_id, rules.directory)
        ground = _ground(agency, event.report, rules)
        queue_name = _queue(agency, to_queue, rules)
        to = Destination(agency=agency.id, queue=queue_name, reason=f"{worker.name}: {why}", ground=ground)
        await deliveries.hand_over(connection, event, to, rules.directory, now)
        if agency.kind is Kind.police:
            await leases.give_back(connection, report_id, now)
            await queue.move(connection, report_id, agency.id, _on(queue_name, row["danger_class"]))
        detail = {"destination": f"{agency.id}/{queue_name}", "ground": to.ground}
        await audit.record(connection, [Entry(now, worker.id, "routed", report_id, why, detail)])
    bell.ring()
    return agency


def _agency(agency_id: str, directory: Directory) -> Agency:
    agency = directory.agency(agency_id)
    if agency is None:
        raise NotSo("The directory has no such agency.")
    return agency


def _queue(agency: Agency, wanted: str | None, rules: Rules) -> str:
    theirs = rules.routing.queues_of(agency.kind)
    if wanted and wanted not in theirs:
        raise NotSo(f"{agency.name} has no such queue. Name none, or one of these: {', '.join(theirs)}.")
    return wanted or theirs[0]


def _on(queue_name: str, danger_class: int) -> list[str]:
    """What is danger stands in the control room's own queue too, as when it is routed (docs/decisions/0031)."""
    danger = danger_class < DangerClass.everything_else
    return sorted({queue_name, CONTROL_ROOM} if danger else {queue_name})


def _ground(agency: Agency, report: ReportReceived, rules: Rules) -> str:
    if agency.id in rules.barred(report):
        raise NotSo(f"{agency.name} is, or employs, the party complained of.")
    ground = rules.directory.ground(agency, report.consent)
    if ground is None:
        raise NotSo(f"The reporter has not agreed that {agency.name} is told. Ask them; unknown is no.")
    return ground
