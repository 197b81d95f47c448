"""A report comes back to the control room of its area: a person decides what becomes of it."""

from datetime import datetime
from typing import Final

import structlog
from prometheus_client import Counter

from services.escalation.domain.rules import Rules
from services.escalation.handlers.sending import SOURCE
from services.escalation.repository import audit, deliveries
from shared.database import Connection
from shared.events import ReportClassified

log = structlog.get_logger()

CAME_BACK: Final = Counter("heard_deliveries_came_back_total", "Deliveries that came back to a control room", ["why"])


async def to_a_person(
    connection: Connection, event: ReportClassified, why: str, reason: str, rules: Rules, now: datetime
) -> None:
    """Put it before a person, due now. `why` is for the count, `reason` for whoever has it before them."""
    area = rules.area_of(event.report.place)
    force = rules.directory.acting_force(area, rules.complained_of(event.report)) if area else None
    await deliveries.back_to_control_room(connection, event.report_id, reason, force.id if force else None, now)
    await audit.record(connection, [audit.Entry(now, SOURCE, "came back", event.report_id, reason)])
    log.warning("came back to the control room", report_id=str(event.report_id))
    CAME_BACK.labels(why).inc()
