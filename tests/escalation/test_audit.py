"""The audit record: append-only, sealed by one sealer, and proved."""

import asyncio
import re
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest

from services.escalation.domain.directory import Directory
from services.escalation.domain.local import UK
from services.escalation.domain.people import Role
from services.escalation.handlers import acts, audit, erasing
from services.escalation.handlers.acts import ActingAgency
from services.escalation.tokens import Principal
from shared.codebook import Label
from shared.database import Pool
from shared.events import ReportErased
from shared.outbox import Bell
from shared.told import Place
from tests.builders import NOON, classified, report
from tests.escalation.conftest import OURS, Escalate, SignIn, SignInPage

HEALTH = "northmoor-environmental-health"
NOBODY = UUID(int=0)
KEY = "a key of thirty-two characters for the chain"


async def sealed(escalate: Escalate, pool: Pool, many: int = 5) -> None:
    await escalate(*(classified() for _ in range(many)))
    await audit.seal_some(pool, KEY)


async def written(pool: Pool) -> int:
    return int(await pool.fetchval("select count(*) from audit_entry"))


async def tampered(pool: Pool, statement: str) -> None:
    """As somebody could who owns the database."""
    await pool.execute("alter table audit_entry disable trigger all")
    await pool.execute(statement)
    await pool.execute("alter table audit_entry enable trigger all")


async def test_a_whole_record_is_proved(escalate: Escalate, pool: Pool):
    await sealed(escalate, pool)
    await sealed(escalate, pool)
    proof = await audit.verify(pool, KEY, None, NOON)
    assert (proof.entries, proof.faults) == (await written(pool), ())
    assert (await audit.verify(pool, KEY, proof.head, NOON)).faults == ()


async def test_what_was_noted_of_an_empty_record_is_where_every_record_begins(escalate: Escalate, pool: Pool):
    noted = (await audit.verify(pool, KEY, None, NOON)).head
    await sealed(escalate, pool)
    assert (await audit.verify(pool, KEY, noted, NOON)).faults == ()


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("update audit_entry set why = 'nothing' where position = 3", "entry 3 is not as it was sealed"),
        ("update audit_entry set detail = '{}' where position = 1", "entry 1 is not as it was sealed"),
        ("delete from audit_entry where position = 2", "entry 2 is missing"),
        ("update audit_entry set position = -position where position = 4", "entry 4 is missing"),
    ],
)
async def test_whatever_is_changed_is_found(escalate: Escalate, pool: Pool, statement: str, fault: str):
    await sealed(escalate, pool)
    await tampered(pool, statement)
    assert (await audit.verify(pool, KEY, None, NOON)).faults == (fault,)


async def test_a_chain_cut_short_or_made_anew_lacks_the_head_that_was_noted(escalate: Escalate, pool: Pool):
    await sealed(escalate, pool)
    head = (await audit.verify(pool, KEY, None, NOON)).head
    await tampered(pool, "delete from audit_entry where position > 3")
    (fault,) = (await audit.verify(pool, KEY, head, NOON)).faults
    assert "its end was cut off" in fault


async def test_without_the_key_no_seal_fits(escalate: Escalate, pool: Pool):
    await sealed(escalate, pool)
    assert (await audit.verify(pool, KEY + "x", None, NOON)).faults == ("entry 1 is not as it was sealed",)


async def test_what_the_sealer_left_lying_is_told(escalate: Escalate, pool: Pool):
    await escalate(classified())
    later = NOON + audit.OVERDUE + timedelta(seconds=1)
    (fault,) = (await audit.verify(pool, KEY, None, later)).faults
    assert fault == f"{await written(pool)} entries were never sealed: is the worker running?"


@pytest.mark.parametrize(
    "statement",
    ["update audit_entry set why = 'x'", "delete from audit_entry", "truncate audit_entry"],
)
@pytest.mark.parametrize("seal", [True, False])
async def test_the_database_itself_refuses_changes(escalate: Escalate, pool: Pool, statement: str, seal: bool):
    await escalate(classified())
    if seal:
        await audit.seal_some(pool, KEY)
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await pool.execute(statement)


async def test_several_sealers_at_once_make_one_chain(escalate: Escalate, pool: Pool):
    async def write() -> None:
        for _ in range(10):
            await escalate(classified())

    async def seal() -> None:
        for _ in range(20):
            await audit.seal_some(pool, KEY)

    await asyncio.gather(write(), write(), seal(), seal(), seal())
    await audit.seal_some(pool, KEY)
    proof = await audit.verify(pool, KEY, None, NOON)
    assert (proof.entries, proof.faults) == (await written(pool), ())


async def test_what_agencies_are_sent_do_and_must_erase_is_recorded(
    escalate: Escalate, pool: Pool, guests: Pool, directory: Directory
):
    event = classified(behaviours=("A3",))
    await escalate(event)
    agency = ActingAgency(Principal("hal", "agency", HEALTH), guests, Bell(pool))
    await acts.acknowledge(agency, event.report_id, NOON)
    erased = ReportErased(report_id=event.report_id, erased_at=NOON, by="kim", reason="asked to")
    await erasing.erase(erased, directory, pool, Bell(pool), NOON)
    rows = await pool.fetch("select who, action, detail ->> 'agency' as agency from audit_entry order by id")
    assert [tuple(row) for row in rows] == [
        ("classifier", "read", None),
        ("escalation", "delivered", HEALTH),
        ("hal", "acknowledged", HEALTH),
        ("escalation", "told to erase", HEALTH),
        ("kim", "erased", None),
    ]


async def test_an_auditor_sees_the_record_of_a_case_and_is_recorded(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool
):
    await escalate(classified(report(reference="H-AUDIT-11111")))
    browser = await sign_in_page(Role.auditor)
    page = await browser.get("/audit", params={"reference": "h-audit-11111"})
    assert "rulebook: rules-1" in page.text
    assert await pool.fetchval("select count(*) from audit_entry where action = 'audited' and who = 'sam'") == 1
    assert (await browser.get("/board")).status_code == 403
    assert (await browser.get("/audit", params={"reference": "H-NONE"})).status_code == 404


async def test_which_programs_list_gave_whose_words_is_recorded_once_for_each_revision(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, sign_in_page: SignInPage, pool: Pool
):
    anybodys = report(place=Place())
    await escalate(*(classified(told, labels=(Label.harassment,)) for told in (anybodys, report())))
    north, south = await sign_in("operator", "northmoor-police"), await sign_in("operator", "southvale-police")

    async def given() -> list[tuple[str, bool, int]]:
        rows = await pool.fetch("select * from audit_entry where action = 'given in the list' order by id")
        return [(row["who"], row["report_id"] == anybodys.report_id, row["detail"]["revision"]) for row in rows]

    for headers in (north, north, south):
        assert (await client.get("/v1/queue", headers=headers)).status_code == 200
    first = await given()
    ours, theirs = "northmoor-police-operator", "southvale-police-operator"
    assert sorted(first) == [(ours, False, 1), (ours, True, 1), (theirs, True, 1)]
    await escalate(classified(anybodys.model_copy(update={"revision": 2}), labels=(Label.harassment,)))
    for _ in range(2):
        shown = (await client.get(f"/v1/queue/{anybodys.report_id}", headers=north)).json()
        await client.get("/v1/queue", headers=north)
    assert await given() == [*first, (ours, True, 2)]
    assert {"looked at", "given in the list"} <= {entry["action"] for entry in shown["entries"]}
    page = await (await sign_in_page(Role.operator)).get(f"/board/cases/{anybodys.report_id}")
    assert "given in the list" not in page.text


async def test_who_of_an_agency_opened_a_report_in_the_portal_is_recorded(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool
):
    mine, others = (
        classified(behaviours=("A3",)),
        classified(report(place=Place(postcode="ZZ4 1AA")), behaviours=("A3",)),
    )
    await escalate(mine, others)
    browser = await sign_in_page(Role.agency, "Hal", HEALTH)
    assert (await browser.get("/portal")).status_code == 200
    for event in (mine, others):
        await browser.get(f"/portal/reports/{event.report_id}")
    rows = await pool.fetch("select who, report_id from audit_entry where action = 'looked at'")
    assert [tuple(row) for row in rows] == [("hal", mine.report_id)]


@pytest.mark.parametrize(
    ("form", "typed", "status"), [("progress", {"note": ""}, 422), ("acknowledge", {"position": "0"}, 409)]
)
async def test_who_is_shown_a_report_beside_a_form_that_was_refused_is_recorded(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool, form: str, typed: dict[str, str], status: int
):
    event = classified(behaviours=("A3",))
    await escalate(event)
    browser = await sign_in_page(Role.agency, "Ada", HEALTH)
    answer = await browser.post(f"/portal/reports/{event.report_id}/{form}", data=typed, headers=OURS)
    assert answer.status_code == status
    assert event.report.text in answer.text
    rows = await pool.fetch("select who, report_id from audit_entry where action = 'looked at'")
    assert [tuple(row) for row in rows] == [("ada", event.report_id)]


async def test_who_saw_what_was_erased_is_found_by_its_id(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool, directory: Directory
):
    event = classified(behaviours=("A3",))
    await escalate(event)
    await (await sign_in_page(Role.agency, "Hal", HEALTH)).get(f"/portal/reports/{event.report_id}")
    erased = ReportErased(report_id=event.report_id, erased_at=NOON, by="an operator", reason="asked to")
    await erasing.erase(erased, directory, pool, Bell(pool), NOON)
    kim = await sign_in_page(Role.auditor, "Kim")
    gone = await kim.get("/audit", params={"reference": event.report.reference})
    assert (gone.status_code, "found by its report's id" in gone.text.replace("&#39;", "'")) == (404, True)
    page = await kim.get("/audit", params={"reference": f" {event.report_id} "})
    assert all(f"<td>{what}</td>" in page.text for what in ("looked at", "erased"))
    assert 'Hal <span class="quiet">hal</span>' in page.text
    assert await pool.fetchval("select report_id from audit_entry where action = 'audited'") == event.report_id
    assert (await kim.get("/audit", params={"reference": str(NOBODY)})).status_code == 404


@pytest.mark.parametrize("whom", ["sam", "SAM", " Sam "])
async def test_what_somebody_did_on_one_day_is_found_whatever_case_it_was_of_or_none(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool, whom: str
):
    event = classified(report(reference="H-AUDIT-11111"), labels=(Label.harassment,))
    await escalate(event)
    sam = await sign_in_page(Role.operator)
    await sam.get(f"/board/cases/{event.report_id}")
    await sam.post("/board/search", data={"q": "music"}, headers=OURS)
    kim, today = await sign_in_page(Role.auditor, "Kim"), datetime.now(UK).date()

    async def done(day: date) -> list[tuple[str, str]]:
        page = (await kim.get("/audit", params={"who": whom, "day": day.isoformat()})).raise_for_status().text
        return re.findall(r"<td>Sam .*?</td><td>(.*?)</td><td>(?:<a [^>]*>)?(.*?)(?:</a>)?</td>", page)

    assert await done(today) == [("signed in", ""), ("looked at", "H-AUDIT-11111"), ("searched", "")]
    assert await done(today - timedelta(days=1)) == []
    details = await pool.fetch("select detail from audit_entry where action = 'audited' and who = 'kim' order by id")
    assert details[0]["detail"] == {"whom": whom.strip(), "day": today.isoformat()}
