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
from shared.codebook import DangerClass
from shared.database import Pool
from shared.events import ReportClassified
from shared.told import Place
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


CALLS = {
    "suicidal caller": """OPERATOR: Police, what is the emergency?
CALLER: I've got the tablets here in front of me and I'm going to take them all tonight. I want to die.""",
    "stalker outside now": """OPERATOR: Police, how can I help?
CALLER: My ex is outside my house again right now, sat in his car watching the window. He's followed me to work every
day for weeks and I'm terrified of him.""",
    "finished assault": """OPERATOR: 101, what has happened?
CALLER: A man punched me in the face outside the chip shop last night and walked off. I have a black eye.""",
    "noisy party": """OPERATOR: 101, how can I help?
CALLER: There's a loud party at number 9, the music has been on since ten. Nobody is hurt, it's only the noise.""",
}
"""The gravest first."""


async def test_four_calls_are_handed_out_by_their_danger_however_they_come_in(escalate: Escalate, pool: Pool):
    rulebook = load()
    for minutes, (name, text) in enumerate(reversed(CALLS.items())):
        told = received({"id": name, "channel": "phone", "text": text})
        when = NOON + timedelta(minutes=minutes)
        told = told.model_copy(update={"reference": name, "received_at": when, "place": Place(postcode="ZZ1 4AB")})
        await escalate(classify(told, rulebook))
    worker, order = Worker("sam", "Sam", "northmoor-police"), []
    while claim := await leases.claim_next(worker, None, None, pool, NOON):
        order.append(await pool.fetchval("select reference from cases where report_id = $1", claim.report_id))
    assert order == [name for name in CALLS if name in order]
    assert order[:3] == list(CALLS)[:3]


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
