"""What is asked every second, or by every page, has an index of what is open: it costs the same after millions."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from services.escalation.repository import case_reviews, cases, deliveries, supervision, work
from shared.database import Pool, transaction

NOW = datetime(2026, 11, 26, tzinfo=UTC)
NOBODY = UUID(int=0)


@pytest.mark.parametrize(
    ("statement", "given", "by"),
    [
        (deliveries.RETURNED, (100,), {"delivery_returned"}),
        (deliveries.LEFT_LYING, (NOW, 100), {"delivery_unsettled"}),
        (deliveries.LISTED.format(wanted=deliveries.LISTS["open"]), ("a", 200), {"delivery_to_do"}),
        (deliveries.LISTED.format(wanted=deliveries.LISTS["new"]), ("a", 200), {"delivery_to_do"}),
        (deliveries.LISTED.format(wanted=deliveries.LISTS["done"]), ("a", 200), {"delivery_done"}),
        (cases.STILL_OPEN, (NOBODY, 200), {"queue_item_open", "delivery_open"}),
        (supervision.COUNTS, (), {"cases_no_receipt"}),
        (work.SEARCH, ("a", "b", NOW, 20, 20_000), {"queue_item_newest"}),
        (case_reviews.DUE, (date(2026, 11, 26),), {"case_review_action_late"}),
        ("delete from alert where report_id = $1", (NOBODY,), {"alert_report"}),
        ("delete from set_aside where report_id = $1", (NOBODY,), {"ix_set_aside_report_id"}),
        ("delete from case_review where report_id = $1", (NOBODY,), {"ix_case_review_report_id"}),
    ],
)
async def test_it_goes_by_an_index_of_what_is_open(
    statement: str, given: tuple[Any, ...], by: set[str], pool: Pool
) -> None:
    async with transaction(pool) as connection:
        await connection.execute("set local enable_seqscan = off")
        plan = "\n".join([row[0] for row in await connection.fetch(f"explain {statement}", *given)])
    assert {name for name in by if f" {name} " in plan} == by, plan


@pytest.mark.parametrize("which", deliveries.LISTS)
async def test_a_list_is_read_in_its_order_and_no_further_than_it_is_shown(which: str, pool: Pool) -> None:
    statement = deliveries.LISTED.format(wanted=deliveries.LISTS[which])
    async with transaction(pool) as connection:
        await connection.execute("set local enable_seqscan = off; set local enable_bitmapscan = off")
        plan = "\n".join([row[0] for row in await connection.fetch(f"explain {statement}", "a", 200)])
    assert "Sort" not in plan, plan
