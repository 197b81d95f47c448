"""A control room sees what belongs with its cases, save what complains of its own force: by no page, list or change."""

from typing import Any

import httpx
import pytest

from services.escalation import consumer
from services.escalation.domain.people import Role
from shared.assessment import Evidence, Explanation, Finding, RiskGroup, Standing
from shared.codebook import Label
from shared.database import Pool
from shared.events import ReportLinked, ReportReceived
from shared.kafka import LINKED
from shared.told import Answers, History, Link, LinkReason
from tests.builders import NOON, assessment, classified, report
from tests.escalation.conftest import Escalate, SignIn, SignInPage
from tests.escalation.test_notices import edge, notice

NORTHMOOR, SOUTHVALE = "northmoor-police", "southvale-police"
BLAMED = Answers(party="PC Brown", party_organisation="Northmoor Police")
HARASSED = {"labels": (Label.harassment,)}


ANSWERED: dict[str, Any] = {"answers": BLAMED}
IN_ITS_WORDS: dict[str, Any] = {"text": "A police officer named Shaw keeps texting me at night."}


def of_the_force(**given: Any) -> ReportReceived:
    return report(reference="H-OF-THE-FORCE", **(given if "text" in given else given | ANSWERED))


def after(*earlier: ReportReceived) -> History:
    links = [
        Link(report_id=one.report_id, reference=one.reference, received_at=NOON, reasons=(LinkReason.phone,))
        for one in earlier
    ]
    references = tuple(one.reference for one in earlier)
    return History(reports=len(earlier), references=references, links=tuple(links), labels=(Label.harassment,))


async def hears(pool: Pool, earlier: ReportReceived, later: ReportReceived) -> None:
    linked = ReportLinked(
        report_id=earlier.report_id,
        later_id=later.report_id,
        later_reference=later.reference,
        linked_at=NOON,
        reasons=(LinkReason.phone,),
        words=(),
    )
    await consumer.told([notice(linked, LINKED)], edge(pool))


async def told_of(client: httpx.AsyncClient, headers: dict[str, str], case: ReportReceived) -> str:
    """All that a control room's program is told: the list, and the one case."""
    answers = [await client.get(path, headers=headers) for path in ("/v1/queue", f"/v1/queue/{case.report_id}")]
    return "".join(answer.raise_for_status().text for answer in answers)


@pytest.mark.parametrize(("opened", "how"), [(True, ANSWERED), (True, IN_ITS_WORDS), (False, ANSWERED)])
async def test_a_later_report_about_the_force_is_not_known_to_it(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, sign_in_page: SignInPage, pool: Pool,
    opened: bool, how: dict[str, Any],
):  # fmt: skip
    """Nor before it was read: whom it complains of is not known by then."""
    first = report(reference="H-FIRST-11111")
    later = of_the_force(history=after(first), **how)
    await escalate(classified(first, **HARASSED))
    version = await pool.fetchval("select version from queue_item")
    await hears(pool, first, later)
    if opened:
        await escalate(classified(later, **HARASSED))
    told = await told_of(client, await sign_in("operator", NORTHMOOR), first)
    told += (await (await sign_in_page(Role.operator)).get(f"/board/cases/{first.report_id}")).text
    for secret in (later.reference, str(later.report_id), "linked a later report"):
        assert secret not in told
    changed = "select version from queue_item where report_id = $1"
    assert await pool.fetchval(changed, first.report_id) == version


async def test_the_force_that_acts_instead_knows_what_was_told_before(
    escalate: Escalate, sign_in_page: SignInPage, pool: Pool
):
    first = report(reference="H-FIRST-11111")
    later = of_the_force(history=after(first))
    await escalate(classified(first, **HARASSED), classified(later, **HARASSED))
    page = (await (await sign_in_page(Role.operator, "Vic", SOUTHVALE)).get(f"/board/cases/{later.report_id}")).text
    assert "H-FIRST-11111</a>" in page


@pytest.mark.parametrize("how", [ANSWERED, IN_ITS_WORDS])
async def test_an_earlier_report_about_the_force_is_not_known_to_it_and_what_else_is_linked_is(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, sign_in_page: SignInPage, how: dict[str, Any]
):
    blamed, other = of_the_force(**how), report(reference="H-OTHER-22222")
    later = report(reference="H-LATER-33333", history=after(blamed, other))
    lines = ("Rule R held.", f"Earlier reports linked: 2 ({blamed.reference}, {other.reference}).")
    shown = Evidence(fact="F9", rule="history.reports", origin="history", quote="2 earlier")
    read = assessment(**HARASSED, explanation=Explanation(reporter=(), staff=lines), evidence=(shown,))
    await escalate(classified(blamed, **HARASSED), classified(other, labels=(Label.asb,)), classified(later, read))
    headers = await sign_in("operator", NORTHMOOR)
    told = await told_of(client, headers, later)
    page = (await (await sign_in_page(Role.operator)).get(f"/board/cases/{later.report_id}")).text
    for secret in (blamed.reference, str(blamed.report_id), "2 earlier"):
        assert secret not in told + page
    assert "H-OTHER-22222</a>" in page
    assert "Rule R held." in page
    item = (await client.get(f"/v1/queue/{later.report_id}", headers=headers)).json()["item"]
    history = item["report"]["history"]
    assert (history["reports"], history["references"], history["labels"]) == (1, ["H-OTHER-22222"], ["asb"])
    assert item["assessment"]["explanation"]["staff"] == ["Rule R held."]


BEFORE = "reported before, and it goes on"


@pytest.mark.parametrize(
    ("known", "answered", "shown", "standing"),
    [(0, None, 0, "unknown"), (1, None, 1, "present"), (2, None, 2, "present"), (0, 2, 2, "unknown")],
)
async def test_how_often_it_was_reported_before_counts_what_is_theirs_and_what_the_reporter_says(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn, sign_in_page: SignInPage,
    known: int, answered: int | None, shown: int, standing: str,
):  # fmt: skip
    blamed = [of_the_force(), report(reference="H-OF-IT-TOO", answers=BLAMED)]
    others = [report(reference=f"H-OTHER-{n}") for n in range(known)]
    earlier = f"{len(blamed) + known} earlier"
    later = report(history=after(*blamed, *others), answers=Answers(reported_before=answered))
    counted = Evidence(fact="F9", rule="history.reports", origin="history", quote=earlier)
    asked = Finding(
        id="sdash", group=RiskGroup.sdash, asks="Before?", standing=Standing.present, evidence=(counted,)
    )  # fmt: skip
    lines = (
        f"harassment by L2: twice. Rests on F1.repeated “{earlier}” (history, history.reports).",
        "Behaviours: A3.",
    )
    read = assessment(
        labels=(Label.stalking,), reported_before=len(blamed) + known, evidence=(counted,), risk=(asked,),
        explanation=Explanation(reporter=(), staff=lines),
    )  # fmt: skip
    await escalate(*(classified(one, **HARASSED) for one in (*blamed, *others)))
    await escalate(classified(later, read))
    headers = await sign_in("operator", NORTHMOOR)
    told = await told_of(client, headers, later)
    page = (await (await sign_in_page(Role.operator)).get(f"/board/cases/{later.report_id}")).text
    item = (await client.get(f"/v1/queue/{later.report_id}", headers=headers)).json()["item"]
    assert earlier not in told + page
    assert (item["report"]["history"]["reports"], item["assessment"]["reported_before"]) == (known, shown)
    assert [one["standing"] for one in item["assessment"]["risk"]] == [standing]
    assert item["assessment"]["explanation"]["staff"] == ["Behaviours: A3."]
    assert (BEFORE in page, BEFORE in told) == (shown >= 2, shown >= 2)


async def test_a_link_made_by_hand_is_no_longer_known_once_the_other_complains_of_the_force(
    escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn
):
    first, other = report(reference="H-FIRST-11111"), report(reference="H-OTHER-22222")
    await escalate(classified(first, **HARASSED), classified(other, **HARASSED))
    headers = await sign_in("operator", NORTHMOOR)
    link = {"reference": other.reference, "why": "same car"}
    assert (await client.post(f"/v1/queue/{first.report_id}/links", json=link, headers=headers)).status_code == 201
    assert "same car" in await told_of(client, headers, first)
    await escalate(classified(other.model_copy(update={"revision": 2, "answers": BLAMED}), **HARASSED))
    told = await told_of(client, headers, first)
    for secret in (other.reference, str(other.report_id), "same car"):
        assert secret not in told


async def test_what_is_linked_is_as_a_person_has_it(escalate: Escalate, client: httpx.AsyncClient, sign_in: SignIn):
    blamed, other = of_the_force(), report(reference="H-OTHER-22222")
    later = report(history=after(blamed, other))
    await escalate(
        classified(blamed, **HARASSED), classified(other, labels=(Label.other,)), classified(later, **HARASSED)
    )
    headers, path = await sign_in("operator", NORTHMOOR), f"/v1/queue/{other.report_id}"
    token = (await client.post(f"{path}/claim", headers=headers)).json()["token"]
    said = {"token": token, "labels": ["asb"], "why": "a bin was set alight"}
    assert (await client.post(f"{path}/override", json=said, headers=headers)).status_code == 204
    item = (await client.get(f"/v1/queue/{later.report_id}", headers=headers)).json()["item"]
    assert item["report"]["history"]["labels"] == ["asb"]
