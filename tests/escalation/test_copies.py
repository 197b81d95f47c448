"""Near-copies from one source: one row, counted and never hidden, and never two people in danger taken for one."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.escalation.domain.copies import Fold, as_first, folded
from services.escalation.domain.people import Role, Worker
from services.escalation.domain.salvaged import BROKEN
from services.escalation.handlers import alerts, leases, queue
from services.escalation.handlers.cases import Rules, open_unread, unread
from services.escalation.repository import deliveries
from shared.codebook import DangerClass, Label
from shared.database import Pool, transaction
from shared.events import Lane, ReportClassified, ReportReceived
from shared.outbox import Bell
from shared.told import Answers, Channel, Contact, Place
from tests.builders import NOON, assessment, classified, report
from tests.escalation.conftest import OURS, Escalate, SignIn, SignInPage, as_they_are

TEXT = "He says that he will come to the house tonight with his brother and that nobody will find me again."
SAM = Worker("sam", "Sam", "northmoor-police")


def written(text: str = TEXT, **given: Any) -> ReportReceived:
    return report(text=text, lane=Lane.urgent, **given)


def threat(told: ReportReceived, danger: int = 2) -> ReportClassified:
    return classified(told, assessment(labels=(Label.harassment,), danger_class=DangerClass(danger)))


def flood(many: int, **given: Any) -> list[ReportClassified]:
    return [
        threat(written(f"{TEXT} {number}", reference=f"H-FLOOD-{number:05}", **given)) for number in range(1, many + 1)
    ]


FIRST = as_first(written())


@pytest.mark.parametrize("text", [TEXT, TEXT.upper(), TEXT + " 17", TEXT.replace("his brother", "a brother")])
def test_the_same_words_but_for_a_few_are_a_near_copy(text: str):
    assert folded(as_first(written(text)), [FIRST]) == Fold(FIRST.id)


@pytest.mark.parametrize(
    "other",
    [
        written(place=Place(postcode="ZZ1 9ZZ")),
        written(contact=Contact(phone="01632 960001")),
        written(source="another partner"),
        written(answers=Answers(safe_contact="ring my sister")),
        written(channel=Channel.phone),
        written("My neighbour has played the same song since noon and I can hear every word of it in the nursery."),
    ],
)
def test_whatever_may_be_somebody_else_is_a_report_of_its_own(other: ReportReceived):
    assert folded(as_first(other), [FIRST]).id == other.report_id


def test_a_short_cry_for_help_is_never_taken_for_a_copy():
    first = written("help he is here now")
    again = written("help he is here now")
    assert folded(as_first(again), [as_first(first)]).id == again.report_id


def test_what_cannot_be_read_is_no_copy_of_anything():
    first, again = (as_first(written(source=BROKEN, place=Place())) for _ in range(2))
    assert folded(again, [first]).id == again.id


async def rows(pool: Pool, rules: Rules) -> list[tuple[str, int]]:
    found, _ = await queue.ranked("northmoor-police", None, 100, pool, as_they_are(rules))
    return [(one.report.reference, one.copies) for one in found]


async def claimed(pool: Pool) -> UUID | None:
    claim = await leases.claim_next(SAM, None, None, pool, NOON)
    return claim.report_id if claim else None


async def test_a_flood_is_one_row_and_keeps_nothing_waiting(escalate: Escalate, pool: Pool, rules: Rules):
    many = flood(300)
    real = threat(written("She has my keys and she is telling the whole street that she will burn us out on Friday."))
    for start in range(0, 300, 100):
        await escalate(*many[start : start + 100], at=NOON + timedelta(seconds=start))
    await escalate(real, at=NOON + timedelta(minutes=5))
    assert sorted(copies for _, copies in await rows(pool, rules)) == [0, 299]
    first, second = await claimed(pool), await claimed(pool)
    assert {first, second} - {event.report_id for event in many} == {real.report_id}
    assert await claimed(pool) is None
    assert await pool.fetchval("select count(*) from queue_item where state = 'open'") == 301


async def test_a_graver_copy_takes_the_row_even_while_the_other_is_held(escalate: Escalate, pool: Pool, rules: Rules):
    await escalate(*flood(2))
    assert await claimed(pool)
    graver = threat(written(f"{TEXT} now", reference="H-GRAVER"), 1)
    await escalate(graver)
    assert await rows(pool, rules) == [("H-GRAVER", 2)]
    assert await claimed(pool) == graver.report_id


async def test_what_nobody_has_read_yet_is_folded_too(pool: Pool, rules: Rules):
    await open_unread([unread(event.report, NOON) for event in flood(3)], pool, Bell(pool), rules, NOON)
    assert [copies for _, copies in await rows(pool, rules)] == [2]


async def test_more_told_makes_it_a_report_of_its_own(escalate: Escalate, pool: Pool, rules: Rules):
    one, other = flood(2)
    await escalate(one, other)
    more = f"{other.report.text} " + " ".join(f"There is something else that I left out, {n}." for n in range(9))
    await escalate(threat(other.report.model_copy(update={"revision": 2, "text": more})))
    assert [copies for _, copies in await rows(pool, rules)] == [0, 0]


async def test_one_row_alerts_once(escalate: Escalate, pool: Pool):
    await escalate(*flood(5))
    await alerts.look(pool, NOON + timedelta(minutes=2))
    assert await pool.fetchval("select count(*) from alert where kind = 'unclaimed'") == 1


async def test_each_is_there_to_be_seen_and_taken_and_they_are_closed_together_only_if_so_wanted(
    escalate: Escalate, pool: Pool, client: httpx.AsyncClient, sign_in: SignIn
):
    await escalate(*flood(4))
    headers = await sign_in("operator", "northmoor-police")
    (item,) = (await client.get("/v1/queue", headers=headers)).json()["items"]
    path = f"/v1/queue/{item['report_id']}"
    copies = (await client.get(path, headers=headers)).json()["copies"]
    assert (item["copies"], len(copies)) == (3, 3)
    taken = await client.post(f"/v1/queue/{copies[0]['report_id']}/claim", headers=headers)
    assert taken.status_code == 201
    token = (await client.post(f"{path}/claim", headers=headers)).json()["token"]
    await pool.execute("update queue_item set came_back = '{given back}'")
    end = {"token": token, "outcome": "nobody_reached", "why": "a flood", "with_copies": True}
    assert (await client.post(f"{path}/close", json=end, headers=headers)).status_code == 204
    left = (await client.get("/v1/queue", headers=headers)).json()["items"]
    assert [one["report_id"] for one in left] == [copies[0]["report_id"]]
    assert [row[0] for row in await pool.fetch("select state from queue_item where came_back <> '{}'")] == ["open"]
    closed = await pool.fetch("select outcome, count(*) from queue_item where state = 'closed' group by 1 order by 1")
    assert [tuple(row) for row in closed] == [("nobody_reached", 1), ("part_of_another_case", 2)]
    assert await pool.fetchval("select count(*) from audit_entry where action = 'closed' and why = 'a flood'") == 3


async def changed_copies(pool: Pool, escalate: Escalate, many: list[ReportClassified], shown: list[Any]) -> set[str]:
    """A third comes, one has more told, and another comes back; returns which were not seen as they are now."""
    (third,) = flood(9)[8:]
    await escalate(third)
    more, back, *_ = [one for one in many if str(one.report_id) in shown]
    await escalate(threat(more.report.model_copy(update={"revision": 2})))
    async with transaction(pool) as connection:
        await deliveries.back_to_control_room(connection, back.report_id, "given back", "northmoor-police", NOON)
    return {str(one.report_id) for one in (third, more, back)}


async def test_of_its_near_copies_only_those_are_closed_that_were_seen_as_they_are(
    escalate: Escalate, pool: Pool, client: httpx.AsyncClient, sign_in: SignIn
):
    many = flood(4)
    await escalate(*many)
    headers = await sign_in("operator", "northmoor-police")
    (item,) = (await client.get("/v1/queue", headers=headers)).json()["items"]
    path = f"/v1/queue/{item['report_id']}"
    token = (await client.post(f"{path}/claim", headers=headers)).json()["token"]
    copies = (await client.get(path, headers=headers)).json()["copies"]
    since = await changed_copies(pool, escalate, many, [one["report_id"] for one in copies])
    end = {"token": token, "outcome": "nobody_reached", "why": "a flood", "with_copies": True, "copies": copies}
    assert (await client.post(f"{path}/close", json=end, headers=headers)).status_code == 204
    rows = await pool.fetch("select report_id from queue_item where state = 'open'")
    assert {str(row["report_id"]) for row in rows} == since


async def test_a_page_closes_the_near_copies_that_it_showed_and_no_other(
    escalate: Escalate, pool: Pool, sign_in_page: SignInPage
):
    many = flood(4)
    await escalate(*many)
    sam, first = await sign_in_page(Role.operator), str(many[0].report_id)
    await sam.post(f"/board/cases/{first}/claim", headers=OURS)
    page = (await sam.get(f"/board/cases/{first}")).text
    form = page[page.index(f'hx-post="/board/cases/{first}/close"') :]
    given = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[: form.index("</form>")]))
    shown = [one.partition(":")[0] for one in given["copies"].split()]
    assert len(shown) == 3
    since = await changed_copies(pool, escalate, many, shown)
    answer = await sam.post(
        f"/board/cases/{first}/close", data=given | {"outcome": "nobody_reached", "why": "a flood"}, headers=OURS
    )
    assert answer.status_code == 303
    rows = await pool.fetch("select report_id from queue_item where state = 'open'")
    assert {str(row["report_id"]) for row in rows} == since


async def test_the_first_closed_alone_leaves_the_next_to_be_taken(escalate: Escalate, pool: Pool):
    await escalate(*flood(2))
    first = await claimed(pool)
    await pool.execute("update queue_item set state = 'closed' where report_id = $1", first)
    assert await claimed(pool) not in (None, first)


async def test_a_supervisor_sees_every_one_and_takes_the_list_away(escalate: Escalate, sign_in_page: SignInPage):
    await escalate(*flood(3))
    browser = await sign_in_page(Role.supervisor)
    page = (await browser.get("/supervisor")).text
    assert "Near-copies behind another case: 2" in page
    assert page.count("behind H-FLOOD") == 2
    taken = (await browser.get("/supervisor/folded.csv")).text
    assert len(taken.splitlines()) == 3
    board = (await browser.get("/board")).text
    assert "+ 2 near-copies" in board
