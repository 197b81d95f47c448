"""Claims: in rank order, one holder at a time, and nothing is handed out after something less grave."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.escalation.domain.outcomes import Outcome
from services.escalation.domain.people import Worker
from services.escalation.domain.unread import not_read
from services.escalation.errors import LeaseLost, NotFree, NothingThere
from services.escalation.handlers import leases, work
from services.escalation.handlers.board import Board
from services.escalation.handlers.leases import LEASE, Claim, Hold
from shared.codebook import DangerClass, Flag, Label
from shared.database import Pool
from shared.events import Lane, ReportReceived
from shared.told import Place
from tests.builders import NOON, assessment, classified, report
from tests.escalation.conftest import Escalate, SignIn

SAM, ALEX = Worker("sam", "Sam", "northmoor-police"), Worker("alex", "Alex", "northmoor-police")
SECOND = timedelta(seconds=1)


def told(danger: int, minutes: int = 0, flags: tuple[Flag, ...] = (), **given: Any) -> Any:
    when = NOON + timedelta(minutes=minutes)
    of = given.pop("of", None) or report(received_at=when)
    return classified(
        of, assessment(labels=(Label.harassment,), danger_class=DangerClass(danger), flags=flags), **given
    )


async def taken(pool: Pool, worker: Worker = SAM, at: datetime = NOON) -> Claim:
    claim = await leases.claim_next(worker, None, None, pool, at)
    assert claim
    return claim


async def test_the_next_is_the_first_of_the_ranked_queue(escalate: Escalate, pool: Pool):
    events = [told(4), told(1, minutes=1), told(2), told(1)]
    await escalate(*events)
    order = [(await taken(pool)).report_id for _ in events]
    assert order == [events[place].report_id for place in (3, 1, 2, 0)]
    assert await leases.claim_next(SAM, None, None, pool, NOON) is None


async def test_danger_without_an_area_or_a_reading_is_the_control_rooms_next_before_anything_less_grave(
    escalate: Escalate, pool: Pool
):
    unread = not_read(report(lane=Lane.urgent))
    nowhere = told(1, of=report(place=Place()))
    now = classified(labels=(Label.harassment,), happening_now=True)
    await escalate(now, unread, nowhere)
    given = [await leases.claim_next(SAM, "control_room", None, pool, NOON) for _ in range(3)]
    assert [claim and claim.report_id for claim in given] == [nowhere.report_id, unread.report_id, now.report_id]


async def test_a_held_case_is_nobody_elses_until_its_lease_lapses(escalate: Escalate, pool: Pool):
    await escalate(told(1))
    claim = await taken(pool)
    with pytest.raises(NotFree, match="It is with Sam"):
        await leases.claim(claim.report_id, ALEX, None, pool, NOON + LEASE - SECOND)
    assert (await leases.claim(claim.report_id, ALEX, None, pool, NOON + LEASE)).report_id == claim.report_id
    with pytest.raises(LeaseLost):
        await work.close(Hold(claim.report_id, claim.token, SAM), Outcome.advised, "", pool, NOON + LEASE)


async def test_renewing_keeps_it(escalate: Escalate, pool: Pool):
    await escalate(told(1))
    claim = await taken(pool)
    renewed = await leases.renew(Hold(claim.report_id, claim.token, SAM), pool, NOON + LEASE - SECOND)
    assert renewed.until == NOON + LEASE - SECOND + LEASE
    with pytest.raises(NotFree):
        await leases.claim(claim.report_id, ALEX, None, pool, NOON + LEASE + SECOND)


async def test_what_is_given_back_stands_where_it_stood(escalate: Escalate, pool: Pool):
    await escalate(told(1), told(1, minutes=1))
    claim = await taken(pool)
    await leases.release(Hold(claim.report_id, claim.token, SAM), "end of shift", pool, NOON)
    assert (await taken(pool, ALEX)).report_id == claim.report_id


async def test_a_token_of_somebody_elses_lease_does_nothing(escalate: Escalate, pool: Pool):
    await escalate(told(1))
    claim = await taken(pool)
    for worker, token in ((ALEX, claim.token), (SAM, uuid4())):
        with pytest.raises(LeaseLost):
            await leases.release(Hold(claim.report_id, token, worker), "", pool, NOON)


async def test_a_claim_sent_again_has_the_same_answer(escalate: Escalate, pool: Pool):
    await escalate(told(1), told(2))
    first = await leases.claim_next(SAM, None, "key-1", pool, NOON)
    assert await leases.claim_next(SAM, None, "key-1", pool, NOON + SECOND) == first
    assert await leases.claim_next(SAM, None, "key-2", pool, NOON + SECOND) != first


async def test_another_forces_case_is_not_there(escalate: Escalate, pool: Pool):
    south = report(place=Place(postcode="ZZ4 1AA"))
    await escalate(told(1, of=south))
    assert await leases.claim_next(SAM, None, None, pool, NOON) is None
    with pytest.raises(NothingThere):
        await leases.claim(south.report_id, SAM, None, pool, NOON)


async def test_twenty_workers_never_hold_one_case_and_take_the_gravest_first(escalate: Escalate, pool: Pool):
    events = [told(1 + place % 4, minutes=place) for place in range(120)]
    await escalate(*events)
    by_id = {event.report_id: event.assessment.danger_class for event in events}

    async def work_off(worker: Worker) -> list[UUID]:
        found = []
        while claim := await leases.claim_next(worker, None, None, pool, NOON):
            found.append(claim.report_id)
        return found

    workers = [Worker(f"w{number}", f"W{number}", "northmoor-police") for number in range(20)]
    shares = await asyncio.gather(*map(work_off, workers))
    assert sorted(i for share in shares for i in share) == sorted(by_id)
    rows = await pool.fetch("select report_id from audit_entry where action = 'claimed' order by id")
    handed_out = [by_id[row["report_id"]] for row in rows]
    assert handed_out == sorted(handed_out)


async def test_claims_beside_regrading_neither_fail_nor_hand_out_twice(escalate: Escalate, pool: Pool):
    reports = [report(received_at=NOON + timedelta(minutes=place)) for place in range(60)]
    await escalate(*(told(4, of=one) for one in reports))

    async def regrade(one: ReportReceived) -> None:
        for revision in range(2, 5):
            await escalate(
                told(1 + (revision + one.received_at.minute) % 4, of=one.model_copy(update={"revision": revision}))
            )

    async def work_off(worker: Worker) -> list[UUID]:
        found = []
        while claim := await leases.claim_next(worker, None, None, pool, NOON):
            found.append(claim.report_id)
        return found

    *_, sam, alex = await asyncio.gather(*map(regrade, reports[::6]), work_off(SAM), work_off(ALEX))
    assert sorted(sam + alex) == sorted(one.report_id for one in reports)


@dataclass
class Room:
    """What the queue should be: the rank of what is there, who holds what, and the time."""

    now: datetime = NOON
    ranks: dict[UUID, tuple[Any, ...]] = field(default_factory=dict)
    reports: dict[UUID, ReportReceived] = field(default_factory=dict)
    claims: dict[UUID, Claim] = field(default_factory=dict)

    def rows(self) -> list[UUID]:
        """In rank order; of the near-copies that came in a flood, the gravest alone."""
        order = sorted(self.ranks, key=lambda i: self.ranks[i])
        flood = [i for i in order if self.reports[i].text == FLOOD]
        return [i for i in order if i not in flood[1:]]

    def free(self) -> list[UUID]:
        held = {i for i, claim in self.claims.items() if claim.until > self.now}
        return [i for i in self.rows() if i not in held]


FLOOD = "He says that he will come to the house tonight and that nobody will ever find me again."


STEP = st.one_of(
    st.tuples(st.just("arrives"), st.integers(1, 4), st.booleans()),
    st.tuples(st.just("a near-copy arrives"), st.integers(1, 4), st.booleans()),
    st.tuples(st.just("is regraded"), st.integers(1, 4), st.booleans()),
    st.tuples(st.just("is claimed"), st.just(0), st.booleans()),
    st.tuples(st.just("is released"), st.just(0), st.booleans()),
    st.tuples(st.just("is closed"), st.just(0), st.booleans()),
    st.tuples(st.just("minutes pass"), st.integers(1, 3), st.booleans()),
)
GRADES = {True: 1, False: 2}
TARGETS = {0: timedelta(minutes=15), 1: timedelta(hours=1), 2: timedelta(days=2)}


@given(st.lists(STEP, min_size=5, max_size=40))
@settings(
    max_examples=40,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_nothing_is_handed_out_or_shown_after_something_less_grave_and_all_is_handed_out(
    escalate: Escalate, pool: Pool, steps: list[tuple[str, int, bool]]
):
    await pool.execute("truncate queue_item, cases cascade")
    room = Room()
    board = Board(SAM.force)
    for step, number, vulnerable in steps:
        await play(room, step, number, vulnerable, escalate, pool)
        shown = [line.report_id for line in (await board.standing(pool, room.now)).lines]
        assert shown == room.rows()
    room.now += LEASE
    while wanted := room.free():
        claim = await taken(pool, SAM, room.now)
        assert claim.report_id == wanted[0]
        await finish(room, "is closed", claim, pool)
    assert await leases.claim_next(SAM, None, None, pool, room.now) is None


async def play(room: Room, step: str, number: int, vulnerable: bool, escalate: Escalate, pool: Pool) -> None:
    worker = SAM if vulnerable else ALEX
    held = [claim for claim in room.claims.values() if claim.until > room.now and claim.report_id in room.ranks]
    match step:
        case "arrives":
            await tell(room, report(received_at=room.now), number, vulnerable, escalate)
        case "a near-copy arrives":
            await tell(room, report(received_at=room.now, text=FLOOD), number, vulnerable, escalate)
        case "is regraded" if room.reports:
            first = next(iter(room.reports.values()))
            await tell(room, first.model_copy(update={"revision": first.revision + 1}), number, vulnerable, escalate)
        case "is claimed":
            claim = await leases.claim_next(worker, None, None, pool, room.now)
            assert (claim.report_id if claim else None) == next(iter(room.free()), None)
            if claim:
                room.claims[claim.report_id] = claim
        case "is released" | "is closed" if held:
            await finish(room, step, held[0], pool)
        case "minutes pass":
            room.now += timedelta(minutes=number)


async def tell(room: Room, of: ReportReceived, danger: int, vulnerable: bool, escalate: Escalate) -> None:
    await escalate(told(danger, flags=(Flag.child_at_risk,) if vulnerable else (), of=of), at=room.now)
    grade = 0 if danger == 1 else 1 if danger == 2 or vulnerable else 2
    room.reports[of.report_id] = of
    room.ranks[of.report_id] = (danger, grade, of.received_at + TARGETS[grade], of.report_id.bytes)


async def finish(room: Room, step: str, claim: Claim, pool: Pool) -> None:
    holder = await pool.fetchval("select holder from queue_item where report_id = $1", claim.report_id)
    worker = SAM if holder == SAM.id else ALEX
    if step == "is closed":
        await work.close(Hold(claim.report_id, claim.token, worker), Outcome.advised, "spoken to", pool, room.now)
        del room.ranks[claim.report_id], room.reports[claim.report_id]
    else:
        await leases.release(Hold(claim.report_id, claim.token, worker), "", pool, room.now)
    room.claims.pop(claim.report_id, None)


async def test_over_http_two_programs_race_for_one_case(escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn):
    event = told(1)
    await escalate(event)
    headers = await sign_in("operator", "northmoor-police")
    answers = await asyncio.gather(
        *(client.post("/v1/queue/claims", json={}, headers=headers) for _ in range(5)),
    )
    assert sorted(answer.status_code for answer in answers) == [201, 204, 204, 204, 204]
    again = await client.post(f"/v1/queue/{event.report_id}/claim", headers=headers)
    assert again.status_code == 409
    assert again.json()["detail"] == "It is with northmoor-police-operator."
    (held,) = (await client.get("/v1/queue/claims", headers=headers)).json()
    assert held["report_id"] == str(event.report_id)
