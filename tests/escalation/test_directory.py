"""The directory as data: whole or refused, tried before it is loaded, and the areas of postcodes."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from io import BytesIO, TextIOWrapper
from pathlib import Path

import httpx
import pytest

from deploy.local.samples import DIRECTORY
from services.escalation.coverage import FAILURES, FRESH, Coverage
from services.escalation.directory_file import read_directory
from services.escalation.domain.directory import Directory, Kind
from services.escalation.errors import DirectoryRefused
from services.escalation.handlers import directories
from services.escalation.handlers.cases import Rules
from services.escalation.rules_in_force import RulesInForce, covering
from shared.codebook import DangerClass, Label, Threat
from shared.database import Pool
from shared.events import ReportRouted
from shared.outbox import Bell
from shared.told import Answers, Contact, History, Place
from tests.builders import NOON, assessment, classified, report
from tests.escalation.conftest import Escalate

SAMPLE = DIRECTORY.read_text()
POLICE = 'id = "northmoor-police"\nname = "Northmoor Police"\nkind = "police"'

WRONG = {
    "no TOML": ("[[areas]]", "[[areas]", "not TOML"),
    "nested without end": ("[[areas]]", f"deep = {'[' * 5000}{']' * 5000}\n[[areas]]", "not TOML"),
    "a word that is not known": ('id = "northmoor-homes"', 'id = "northmoor-homes"\nkidn = "x"', "Extra inputs"),
    "an area without an id": ('id = "northmoor"\nname', "name", "areas.0.id: Field required"),
    "an id with spaces": ('id = "northmoor-homes"', 'id = "northmoor homes"', "should match pattern"),
    "an unknown kind": ('kind = "housing"\nareas', 'kind = "housings"\nareas', "kind: Input should be"),
    "a kind without its rule": (
        '[[kinds]]\nkind = "school"',
        '[[kinds]]\nkind = "police"',
        "no [[kinds]] entry says what",
    ),
    "a kind twice": ('[[kinds]]\nkind = "school"', '[[kinds]]\nkind = "housing"', "housing is there twice"),
    "an unknown area": (
        'kind = "housing"\nareas = ["northmoor"]',
        'kind = "housing"\nareas = ["nowhere"]',
        "no area is",
    ),
    "an agency in no area": (
        'kind = "housing"\nareas = ["northmoor"]',
        'kind = "housing"\nareas = []',
        "at least 1 item",
    ),
    "an agency twice": ('id = "northmoor-homes"', 'id = "southvale-housing"', "southvale-housing is there twice"),
    "an area twice": ('id = "southvale"\nname', 'id = "northmoor"\nname', "northmoor is there twice"),
    "no police": (POLICE, POLICE.replace('"police"', '"housing"'), "needs exactly one police force, and has 0"),
    "two police forces": (
        'kind = "housing"\nareas = ["northmoor"]',
        'kind = "police"\nareas = ["northmoor"]',
        "and has 2",
    ),
    "an instead that is not there": (
        'police_instead = "southvale-police"',
        'police_instead = "x-police"',
        "x-police is not",
    ),
    "an instead that is itself": (
        'police_instead = "southvale-police"',
        'police_instead = "northmoor-police"',
        "is not another police force",
    ),
    "an outward code in small letters": ('"ZZ1", "ZZ2"', '"zz1", "ZZ2"', "'zz1' is not an outward code"),
    "a whole postcode": ('"ZZ1", "ZZ2"', '"ZZ1 4AB", "ZZ2"', "'ZZ1 4AB' is not an outward code"),
    "an area with nothing in it": (
        'outward = ["ZZ1", "ZZ2", "ZZ3"]\ndistricts = ["Northmoor"]',
        "",
        "neither outward codes nor districts",
    ),
    "police without a legal ground": (
        'legal_ground = "policing purposes: preventing crime, protecting life"\n',
        "",
        "the police need a legal_ground",
    ),
    "a kind that sees the unknown": ('sees = ["story", "labels", "place"]', 'sees = ["everything"]', "sees.0"),
    "a kind that sees nothing": ('sees = ["story", "labels", "place"]', "sees = []", "at least 1 item"),
    "a target that never comes": ("acknowledge_within = 2880", "acknowledge_within = 99999999999", "equal to 527040"),
    "a threshold over centuries": ("days = 183", "days = 99999999999", "equal to 3660"),
    "a legal ground of nothing": (
        'legal_ground = "policing purposes: preventing crime, protecting life"',
        'legal_ground = "    "',
        "at least 3 characters",
    ),
    "a name of nothing": ('name = "Northmoor Homes"', 'name = "  "', "at least 1 character"),
    "a body of nothing": ('part_of = "Northmoor Council"', 'part_of = " "', "at least 1 character"),
    "an id that means nobody": ('id = "northmoor-homes"', 'id = "none"', "choose another id"),
    "a target of no time": ("acknowledge_within = 2880", "acknowledge_within = 0", "greater than 0"),
    "one name for two bodies": ('name = "Northmoor Homes"', 'name = "Southvale Housing Association"', "is also"),
    "a school that lets homes": (
        'kind = "school"\nareas',
        'kind = "school"\nlets_as = ["council"]\nareas',
        "no landlord",
    ),
    "a target of no grade": ("targets = { emergency", "targets = { at_once", "targets.at_once"),
    "a threshold of nothing": ("complaints = 3, from", "complaints = 0, from", "case_review.complaints"),
}


@pytest.mark.parametrize(("right", "wrong", "reason"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_directory_is_refused_with_the_line_and_the_reason(tmp_path: Path, right: str, wrong: str, reason: str):
    assert right in SAMPLE
    file = tmp_path / "directory.toml"
    file.write_text(SAMPLE.replace(right, wrong, 1))
    with pytest.raises(DirectoryRefused) as refused:
        read_directory(file)
    assert reason in str(refused.value)
    if reason != "not TOML":
        assert all(
            line.startswith(f"{file}:") and line.split(":")[1].isdigit() for line in str(refused.value).split("\n")
        )


def test_a_directory_comes_from_standard_input_as_well(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(SAMPLE.encode())))
    assert read_directory(Path("-")) == read_directory(DIRECTORY)


def test_a_directory_saved_with_a_mark_of_its_encoding_is_read(tmp_path: Path):
    file = tmp_path / "directory.toml"
    file.write_text(SAMPLE, encoding="utf-8-sig")
    assert read_directory(file) == read_directory(DIRECTORY)


def test_the_line_is_that_of_the_field(tmp_path: Path):
    file = tmp_path / "directory.toml"
    file.write_text(SAMPLE.replace('kind = "housing"\nareas = ["northmoor"]', 'kind = "housing"\nareas = ["nowhere"]'))
    with pytest.raises(DirectoryRefused) as refused:
        read_directory(file)
    line = file.read_text().splitlines().index('areas = ["nowhere"]') + 1
    assert str(refused.value) == f"{file}:{line}: agencies.3.areas: no area is called nowhere"


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path):
    file = tmp_path / "directory.toml"
    file.write_text(SAMPLE.replace('"ZZ1"', '"zz1"').replace('areas = ["southvale"]', 'areas = ["nowhere"]'))
    with pytest.raises(DirectoryRefused) as refused:
        read_directory(file)
    assert len(str(refused.value).splitlines()) > 5


def without_environmental_health(directory: Directory) -> Directory:
    """Its work is done by the council's ASB team, as `Northmoor Council`'s one address."""
    left = tuple(agency for agency in directory.agencies if agency.id != "northmoor-environmental-health")
    return directory.model_copy(update={"agencies": left})


async def test_a_dry_run_shows_which_open_reports_would_move_and_moves_nothing(
    escalate: Escalate, pool: Pool, rules: Rules, directory: Directory
):
    await escalate(classified(report(reference="moves"), behaviours=("A3",)), classified(behaviours=("A4",)))
    other = Rules(without_environmental_health(directory), rules.grading, rules.routing)
    (move,) = await directories.moves(partial(covering, other, None), pool)
    assert move.reference == "moves"
    assert (move.to, move.no_longer_to) == (("northmoor-police/review",), ("northmoor-environmental-health/nuisance",))
    assert await pool.fetchval("select count(*) from delivery where kind <> 'report'") == 0


async def test_what_a_person_overrode_stays_where_that_put_it(
    escalate: Escalate, pool: Pool, rules: Rules, directory: Directory
):
    event = classified(behaviours=("A3",))
    await escalate(event)
    said = {"labels": ["harassment"], "why": "she was in tears", "who": "sam", "at": NOON.isoformat(), "of_danger": 4}
    await pool.execute("update cases set override = $1", said)
    again = event.model_copy(update={"revision": 2, "report": event.report.model_copy(update={"revision": 2})})
    await escalate(again)
    assert await directories.moves(partial(covering, rules, None), pool) == []
    other = Rules(without_environmental_health(directory), rules.grading, rules.routing)
    assert await directories.moves(partial(covering, other, None), pool) == []


async def test_what_a_panel_complained_of_has_moves_though_another_report_complains_of_it(
    escalate: Escalate, pool: Pool, rules: Rules, directory: Directory
):
    contact = Contact(name="Jo", phone="01632 960001")
    other = report(reference="H-1", contact=contact, answers=Answers(party_organisation="Vale Borough"))
    asks = {"case_review_asked_at": NOON, "history": History(reports=1, references=("H-1",))}
    await escalate(classified(other), classified(report(reference="H-2", contact=contact, **asks)))
    panels = {
        agency.id: agency.model_copy(update={"part_of": "Vale Borough"}) if agency.kind is Kind.case_review else agency
        for agency in directory.agencies
    }
    belongs = replace(rules, directory=directory.model_copy(update={"agencies": tuple(panels.values())}))
    (move,) = await directories.moves(partial(covering, belongs, None), pool)
    assert (move.reference, move.no_longer_to) == ("H-2", ("moor-and-vale-case-review/case_review",))


async def test_what_is_nobodys_finds_its_place_once_its_area_is_known(
    escalate: Escalate, pool: Pool, rules: Rules, directory: Directory
):
    await escalate(classified(report(place=Place(postcode="ZZ9 1AA")), behaviours=("A3",)))
    assert await directories.moves(partial(covering, rules, None), pool) == []
    northmoor, southvale = directory.areas
    wider = northmoor.model_copy(update={"outward": (*northmoor.outward, "ZZ9")})
    other = rules.directory.model_copy(update={"areas": (wider, southvale)})
    (move,) = await directories.moves(partial(covering, replace(rules, directory=other), None), pool)
    assert move.to == ("northmoor-environmental-health/nuisance", "northmoor-police/review")
    assert move.no_longer_to == ("none/review",)


async def test_loaded_it_moves_them(escalate: Escalate, pool: Pool, rules: Rules, directory: Directory):
    await escalate(classified(behaviours=("A3",)))
    other = partial(covering, Rules(without_environmental_health(directory), rules.grading, rules.routing), None)
    await directories.move(await directories.moves(other, pool), other, pool, Bell(pool), NOON)
    assert await directories.moves(other, pool) == []
    rows = await pool.fetch("select agency_id, kind from delivery order by delivered_at, agency_id")
    assert ("northmoor-environmental-health", "withdrawn") in [tuple(row) for row in rows]
    assert await pool.fetchval("select queues from queue_item") == ["review"]


async def test_what_is_told_while_it_is_loaded_is_what_moves(
    escalate: Escalate, pool: Pool, rules: Rules, directory: Directory
):
    """A threat that is read between the look at what would move and the move stays a threat, with its own receipt."""
    event = classified(behaviours=("A3",))
    await escalate(event)
    other = partial(covering, Rules(without_environmental_health(directory), rules.grading, rules.routing), None)
    found = await directories.moves(other, pool)
    more = event.report.model_copy(update={"revision": 2, "text": "He is outside with a knife."})
    graver = assessment(labels=(Label.harassment,), threat=Threat.imminent, danger_class=DangerClass.life_at_risk)
    await escalate(classified(more, graver))
    await directories.move(found, other, pool, Bell(pool), NOON)
    assert tuple(await pool.fetchrow("select revision, danger_class from cases")) == (2, 1)
    assert await pool.fetchval("select danger_class from queue_item") == 1
    rows = await pool.fetch("select value from outbox where topic = 'reports.routed' order by id")
    assert [ReportRouted.model_validate_json(row["value"]).revision for row in rows] == [1, 2, 2]


Answer = Callable[[httpx.Request], httpx.Response]


class Service:
    """A postcode service that answers as it is told, and remembers what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.asked = list(answers), []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        return self.answers.pop(0)(request) if len(self.answers) > 1 else self.answers[0](request)


def known(_: httpx.Request) -> httpx.Response:
    result = {"postcode": "ZZ9 1AA", "admin_district": "Northmoor", "codes": {"admin_district": "E07000999"}}
    return httpx.Response(200, json={"status": 200, "result": result})


def elsewhere(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"status": 200, "result": {"admin_district": "Southvale"}})


def unknown(_: httpx.Request) -> httpx.Response:
    return httpx.Response(404, json={"status": 404, "error": "Postcode not found"})


def busy(_: httpx.Request) -> httpx.Response:
    return httpx.Response(503)


def away(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("away")


def nonsense(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="<html>")


@pytest.fixture
async def coverage(pool: Pool) -> AsyncIterator[Callable[..., tuple[Coverage, Service]]]:
    clients = []

    def made(*answers: Answer, clock: Callable[[], float] = lambda: 0.0) -> tuple[Coverage, Service]:
        service = Service(*answers)
        client = httpx.AsyncClient(base_url="https://postcodes.test", transport=httpx.MockTransport(service))
        clients.append(client)
        return Coverage(client, pool, clock), service

    yield made
    for client in clients:
        await client.aclose()


Made = Callable[..., tuple[Coverage, Service]]


async def test_a_postcode_the_table_leaves_open_is_asked_of_the_service_once(coverage: Made, rules: Rules):
    asked, service = coverage(known)
    for _ in range(3):
        found = await covering(rules, asked, [Place(postcode="zz9 1aa"), Place(postcode="ZZ1 4AB"), Place()])
    assert found.area_of(Place(postcode="zz9 1aa")) == "northmoor"
    assert service.asked == ["/postcodes/ZZ91AA"]


@pytest.mark.parametrize("place", [Place(postcode="9 Moss House, ZZ9 1AA"), Place(words="9 Moss House, ZZ9 1AA")])
async def test_of_an_address_the_service_is_told_the_postcode_alone(coverage: Made, rules: Rules, place: Place):
    asked, service = coverage(known)
    assert (await covering(rules, asked, [place])).area_of(place) == "northmoor"
    assert service.asked == ["/postcodes/ZZ91AA"]


async def test_a_postcode_the_service_does_not_know_is_unknown(coverage: Made, rules: Rules):
    asked, _ = coverage(unknown)
    assert (await covering(rules, asked, [Place(postcode="ZZ9 1AA")])).looked_up == {}


async def test_a_service_that_stumbles_is_asked_again(coverage: Made):
    asked, service = coverage(busy, away, known)
    assert await asked.district("ZZ9 1AA") == ("Northmoor", "E07000999")
    assert len(service.asked) == 3


@pytest.mark.parametrize("answer", [busy, away, nonsense])
async def test_a_service_that_fails_leaves_the_area_unknown_and_is_then_left_alone(coverage: Made, answer: Answer):
    clock = [0.0]
    asked, service = coverage(answer, clock=lambda: clock[0])
    for n in range(FAILURES + 5):
        assert await asked.district(f"ZZ9 {n}AA") == ()
    before = len(service.asked)
    assert await asked.district("ZZ9 1AA") == ()
    assert len(service.asked) == before
    service.answers, clock[0] = [known], 31.0
    assert await asked.district("ZZ9 1AA") == ("Northmoor", "E07000999")


async def test_what_it_said_holds_for_every_process_until_it_says_otherwise(coverage: Made):
    clock = [0.0]
    asked, service = coverage(known, clock=lambda: clock[0])
    other, others_service = coverage(away)
    assert await asked.district("ZZ9 1AA") == ("Northmoor", "E07000999")
    service.answers, clock[0] = [away], FRESH + 1
    assert await asked.district("ZZ9 1AA") == await other.district("zz9 1aa") == ("Northmoor", "E07000999")
    service.answers = [unknown]
    assert await asked.district("ZZ9 1AA") == await other.district("ZZ9 1AA") == ("Northmoor", "E07000999")
    others_service.answers = [elsewhere]
    assert await other.district("ZZ9 1AA") == ("Southvale",)
    service.answers, clock[0] = [away], 2 * FRESH + 2
    assert await asked.district("ZZ9 1AA") == ("Southvale",)


async def test_the_worker_goes_by_it(coverage: Made, pool: Pool, directory: Directory):
    await directories.load_directory(directory, pool, NOON)
    asked, _ = coverage(known)
    rules = await RulesInForce(pool, asked).covering([Place(postcode="ZZ9 1AA")])
    assert rules.area_of(Place(postcode="ZZ9 1AA")) == "northmoor"
