"""Reports as people tell them, read by the classifier: danger reaches the control room, and first."""

import json
import os
import random
from datetime import timedelta
from pathlib import Path

from deploy.local.samples import DEMO
from services.classifier.files import received
from services.classifier.handlers import classify
from services.classifier.rulebook import load
from services.escalation.domain.people import Worker
from services.escalation.handlers import leases
from shared.database import Pool
from shared.events import DangerClass, Place, ReportClassified
from tests.builders import NOON
from tests.escalation.conftest import Escalate

REPORTS = Path(os.environ.get("HEARD_REPORTS", DEMO / "reports.jsonl"))
"""Another file in the format of `heard classify` may be named."""


def readings() -> list[ReportClassified]:
    rulebook, found = load(), []
    for number, line in enumerate(REPORTS.read_text().splitlines()):
        row = {"id": f"S-{number}"} | json.loads(line)
        when = NOON + timedelta(seconds=number)
        told = received(row).model_copy(update={"received_at": when, "place": Place(postcode="ZZ1 4AB")})
        found.append(classify(told, rulebook))
    return found


async def test_all_danger_reaches_the_control_room_and_nothing_else_comes_before_it(escalate: Escalate, pool: Pool):
    events = readings()
    random.Random(7).shuffle(events)
    await escalate(*events)
    classes = {e.report_id: e.assessment.danger_class for e in events if e.assessment}
    worker, order = Worker("sam", "Sam", "northmoor-police"), []
    while claim := await leases.claim_next(worker, None, None, pool, NOON):
        order.append(claim.report_id)
    handed_out = [classes[report_id] for report_id in order]
    assert handed_out == sorted(handed_out)
    danger = {report_id for report_id, class_ in classes.items() if class_ < DangerClass.everything_else}
    assert danger
    assert danger <= set(order)
    rows = await pool.fetch("select report_id from queue_item where 'control_room' = any(queues)")
    assert danger <= {row["report_id"] for row in rows}
