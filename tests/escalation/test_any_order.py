"""Whatever comes in whatever order, again or late: queue, leases, deliveries and receipts, on a clock of our own."""

import asyncio
import json
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.escalation.domain.people import Worker
from services.escalation.domain.routing import NOBODY
from services.escalation.domain.rules import Rules
from services.escalation.domain.unread import not_read
from services.escalation.errors import LeaseLost
from services.escalation.handlers import cases, leases
from services.escalation.handlers.cases import Arrived
from services.escalation.handlers.leases import LEASE, Claim, Hold
from shared.codebook import DangerClass, Label
from shared.database import create_pool
from shared.events import Lane, ReportClassified, ReportReceived
from shared.outbox import Bell
from shared.told import Place
from tests.builders import NOON, classified, report
from tests.escalation.conftest import TABLES

T = TypeVar("T")
WORKERS: Final = tuple(Worker(name, name.capitalize(), "northmoor-police") for name in ("sam", "alex"))
DANGERS: Final = st.sampled_from(DangerClass)
PLACES: Final = st.sampled_from(["ZZ1 4AB", "ZZ4 1AB", None])


@dataclass
class Held:
    """A lease as its worker believes it to be."""

    worker: Worker
    claim: Claim

    @property
    def hold(self) -> Hold:
        return Hold(self.claim.report_id, self.claim.token, self.worker)


def _newness(case: Any) -> tuple[int, int]:
    return case["revision"], case["reading"] or 0


class AnyOrder(RuleBasedStateMachine):
    """`wire` is what Kafka holds, read at least once and in any order; `given` the receipts that came out of it."""

    url: str
    rules_in_force: Rules

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.pool = self.run(self._opened())
        self.now = NOON
        self.told: list[ReportReceived] = []
        self.wire: list[ReportClassified] = []
        self.read: dict[UUID, int] = {}
        self.given: dict[UUID, list[dict[str, Any]]] = {}
        self.held: list[Held] = []

    async def _opened(self) -> Any:
        pool = await create_pool(self.url, 2)
        await pool.execute("alter table audit_entry disable trigger audit_table_stays")
        await pool.execute(f"truncate {TABLES}")
        await pool.execute("alter table audit_entry enable trigger audit_table_stays")
        return pool

    def run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.loop.run(doing)

    def fetch(self, statement: str, *arguments: Any) -> list[Any]:
        return self.run(self.pool.fetch(statement, *arguments))

    def teardown(self) -> None:
        self.run(self.pool.close())
        self.loop.close()

    @initialize(danger=DANGERS)
    def one_to_begin_with(self, danger: DangerClass) -> None:
        self.somebody_tells(danger, "ZZ1 4AB")

    @rule(danger=DANGERS, postcode=PLACES)
    def somebody_tells(self, danger: DangerClass, postcode: str | None) -> None:
        lane = Lane.urgent if danger <= DangerClass.violence_threatened else Lane.ordinary
        told = report(received_at=self.now, lane=lane, place=Place(postcode=postcode), reference=f"H-{len(self.told)}")
        self.told.append(told)
        self._reads(told, danger, reading=1)

    @rule(which=st.integers(0), danger=DANGERS)
    def more_is_told(self, which: int, danger: DangerClass) -> None:
        place = which % len(self.told)
        self.told[place] = self.told[place].model_copy(update={"revision": self.told[place].revision + 1})
        self._reads(self.told[place], danger, reading=1)

    @rule(which=st.integers(0), danger=DANGERS)
    def it_is_read_again(self, which: int, danger: DangerClass) -> None:
        self._reads(self.told[which % len(self.told)], danger, reading=2)

    @rule(which=st.integers(0))
    def it_cannot_be_read(self, which: int) -> None:
        self.wire.append(not_read(self.told[which % len(self.told)]))

    def _reads(self, told: ReportReceived, danger: DangerClass, reading: int) -> None:
        labels = (Label.harassment,) if danger < DangerClass.everything_else else (Label.asb,)
        self.wire.append(classified(told, labels=labels, danger_class=danger, reading=reading))

    @rule(which=st.lists(st.integers(0), min_size=1, max_size=6))
    def some_arrive(self, which: list[int]) -> None:
        """Any of what was ever sent, in any order, the same one twice perhaps."""
        events = [self.wire[one % len(self.wire)] for one in which]
        before = self._receipts()
        arrived = [Arrived(event, self.now, None) for event in events]
        self.run(cases.escalate(arrived, self.pool, Bell(self.pool), self.rules_in_force, self.now))
        for event in events:
            self.read[event.report_id] = max(event.revision, self.read.get(event.report_id, 0))
        after = self._receipts()
        self._nothing_goes_back(before, after)
        assert all(after[one]["receipt"] is not None for one, known in before.items() if known["receipt"] is not None)

    def _nothing_goes_back(self, before: dict[UUID, Any], after: dict[UUID, Any]) -> None:
        for report_id, known in before.items():
            now = after[report_id]
            assert _newness(now) >= _newness(known), "a case went back to what was known before"
            assert now["reading"] or now["danger_class"] <= known["danger_class"], "what nobody read lowered a case"

    def _receipts(self) -> dict[UUID, Any]:
        rows = self.fetch("select report_id, revision, reading, danger_class, receipt from cases")
        return {row["report_id"]: row for row in rows}

    @rule(which=st.integers(0))
    def one_is_put_up_unread(self, which: int) -> None:
        told, before = self.told[which % len(self.told)], self._receipts()
        unread = cases.unread(told, self.now)
        self.run(cases.open_unread([unread], self.pool, Bell(self.pool), self.rules_in_force, self.now))
        self._nothing_goes_back(before, self._receipts())

    @rule(lost=st.booleans())
    def receipts_go_out(self, lost: bool) -> None:
        rows = self.fetch("delete from outbox where topic = 'reports.routed' returning report_id, value, id")
        for row in sorted(rows, key=lambda row: row["id"]):
            if not lost:
                self.given.setdefault(row["report_id"], []).append(json.loads(row["value"]))

    @rule(worker=st.sampled_from(WORKERS))
    def the_next_is_claimed(self, worker: Worker) -> None:
        free = self._free()
        claim = self.run(leases.claim_next(worker, None, None, self.pool, self.now))
        assert (claim is None) == (not free)
        if claim:
            gravest = min(free.values())
            assert free[claim.report_id] == gravest, "a lower danger class was handed out before a higher"
            assert not [one for one in self.held if one.claim.report_id == claim.report_id and self._lives(one)]
            self.held.append(Held(worker, claim))

    def _lives(self, held: Held) -> bool:
        return held.claim.until > self.now

    def _free(self) -> dict[UUID, int]:
        """What may be handed out, by our own account of who holds what."""
        taken = {one.claim.report_id for one in self.held if self._lives(one)}
        rows = self.fetch("select report_id, danger_class, force from queue_item where state = 'open'")
        mine = [row for row in rows if row["force"] in (None, WORKERS[0].force)]
        return {row["report_id"]: row["danger_class"] for row in mine if row["report_id"] not in taken}

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0))
    def a_lease_is_renewed(self, which: int) -> None:
        one = self.held[which % len(self.held)]
        if self._still_its(one):
            one.claim = self.run(leases.renew(one.hold, self.pool, self.now))
        else:
            with pytest.raises(LeaseLost):
                self.run(leases.renew(one.hold, self.pool, self.now))

    @precondition(lambda self: self.held)
    @rule(which=st.integers(0))
    def one_is_given_back(self, which: int) -> None:
        one = self.held.pop(which % len(self.held))
        if self._still_its(one):
            self.run(leases.release(one.hold, "", self.pool, self.now))
        else:
            with pytest.raises(LeaseLost):
                self.run(leases.release(one.hold, "", self.pool, self.now))

    def _still_its(self, one: Held) -> bool:
        """Its time has not run out, so nobody else can have it."""
        return self._lives(one)

    @rule(seconds=st.sampled_from([1, 30, LEASE.total_seconds(), 3600]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def there_is_one_case_for_each_report(self) -> None:
        rows = self.fetch("select report_id, count(*) as many from cases group by report_id")
        assert {row["report_id"] for row in rows} <= {told.report_id for told in self.told}
        assert all(row["many"] == 1 for row in rows)
        assert self.read.keys() <= {row["report_id"] for row in rows}

    @invariant()
    def whatever_was_read_has_a_receipt(self) -> None:
        """Unless more was told since, which nobody has read."""
        known = self._receipts()
        due = [one for one, revision in self.read.items() if revision >= known[one]["revision"]]
        assert all(known[one]["receipt"] is not None for one in due)

    @invariant()
    def a_receipt_names_what_was_delivered(self) -> None:
        known = self._receipts()
        named = {
            (report_id, one["agency"], one["queue"])
            for report_id, row in known.items()
            if row["receipt"]
            for one in json.loads(row["receipt"])["destinations"]
            if one["agency"] != NOBODY
        }
        standing = "select report_id, agency_id, queue from delivery where kind = 'report' and state <> 'withdrawn'"
        delivered = {tuple(row) for row in self.fetch(standing)}
        assert {place for place in delivered if known[place[0]]["receipt"]} == named

    @invariant()
    def no_feed_has_a_gap(self) -> None:
        feeds: dict[str, list[int]] = {}
        for row in self.fetch("select agency_id, position from delivery order by position"):
            feeds.setdefault(row["agency_id"], []).append(row["position"])
        assert all(positions == list(range(1, len(positions) + 1)) for positions in feeds.values())

    @invariant()
    def receipts_never_go_back(self) -> None:
        for given in self.given.values():
            assert [one["revision"] for one in given] == sorted(one["revision"] for one in given)


def test_any_order(escalation_url: str, rules: Rules):
    AnyOrder.url, AnyOrder.rules_in_force = escalation_url, rules
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    chosen = settings(max_examples=25, stateful_step_count=25, derandomize=True, suppress_health_check=checks)
    run_state_machine_as_test(AnyOrder, settings=chosen)
