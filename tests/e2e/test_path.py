"""A form and a call for each label, told over HTTP, found where codebook §5 says they belong."""

from uuid import uuid4

import pytest

from deploy.local.stack import Stack
from shared.database import create_pool, transaction
from shared.events import FileGiven
from shared.kafka import GIVEN
from shared.outbox import outgoing, put
from tests.builders import NOON
from tests.e2e.conftest import Tell, eventually

FORMS = {
    "stalking": "My ex keeps following me home from work and sits outside my house watching me every night. "
    "I have told him to leave me alone. I am terrified.",
    "harassment": "My neighbour shouts abuse at me every day and has damaged my fence three times. I am so distressed.",
    "hate_incident": "A man shouted a racist slur at me because I am Black and told me to go back to my own country. "
    "It happened once and I am really upset.",
    "asb": "Loud music from the house party at number 9 until four in the morning. It has never happened before.",
    "other": "My shed was burgled last night and the lawnmower was stolen. I need a crime number for my insurance.",
}

WANTED = {
    "stalking": {"northmoor-police": {"control_room", "harassment"}},
    "harassment": {"northmoor-police": {"harassment"}},
    "hate_incident": {"northmoor-police": {"hate_crime"}},
    "asb": {"northmoor-environmental-health": {"nuisance"}},
    "other": {"northmoor-police": {"review"}},
}


CALLS = {
    "stalking": (
        "OPERATOR: Police, what's your emergency?\n"
        "CALLER: It's my ex-boyfriend, he's been following me. He was outside my work on Monday, then he "
        "followed me home on Tuesday, and last night he was sat in his car outside my flat watching the w"
        "indows. He won't leave me alone.\n"
        "OPERATOR: Have you told him to stop?\n"
        "CALLER: Yes, loads of times. I'm really scared, I've stopped going out."
    ),
    "harassment": (
        "OPERATOR: 101, how can I help?\n"
        "CALLER: It's my neighbour again. Every day he's shouting abuse at me over the fence, calling me "
        "names, and he's smashed my plant pots and kicked my fence in three times now.\n"
        "OPERATOR: How long has it been going on?\n"
        "CALLER: Months. I'm in tears every night, I can't sleep for it."
    ),
}


def as_call(text: str) -> str:
    return f"OPERATOR: Police, what's happening?\nCALLER: {text}\nOPERATOR: Thank you."


@pytest.mark.parametrize("label", FORMS)
async def test_a_form_finds_its_way(tell: Tell, label: str):
    sent = await tell("web", FORMS[label])
    assert sent.labels[0] == label
    for agency, queues in WANTED[label].items():
        assert queues <= sent.went_to[agency]


@pytest.mark.parametrize("label", FORMS)
async def test_a_call_finds_its_way(tell: Tell, label: str):
    sent = await tell("phone", CALLS.get(label) or as_call(FORMS[label]))
    assert sent.labels[0] == label
    for agency, queues in WANTED[label].items():
        assert queues <= sent.went_to[agency]


async def test_a_threat_is_in_front_of_the_control_room(tell: Tell):
    sent = await tell("phone", as_call("He is kicking my door in now, he has a knife and he says he will kill me."))
    assert (sent.threat, sent.grade) == ("imminent", "emergency")
    assert "control_room" in sent.went_to["northmoor-police"]


async def test_what_has_no_area_goes_to_review_and_to_nobody_else(tell: Tell):
    sent = await tell("web", FORMS["asb"], place={})
    assert sent.went_to == {"control rooms": {"review"}}


async def test_consent_opens_a_partner_and_without_it_the_police_have_it(tell: Tell):
    shared = await tell("web", FORMS["hate_incident"], consent=["hate_crime_support"])
    withheld = await tell("web", FORMS["hate_incident"])
    assert shared.went_to["stand-together"] == {"support"}
    assert "stand-together" not in withheld.went_to


async def test_who_is_given_a_file_comes_to_the_record_of_its_case(tell: Tell, stack: Stack):
    sent = await tell("web", FORMS["asb"])
    async with create_pool(stack.postgres.url("intake"), 1) as pool, transaction(pool) as connection:
        report_id = await connection.fetchval("select id from report where reference = $1", sent.reference)
        given = FileGiven(report_id=report_id, file=uuid4(), given_at=NOON, to="southvale-police", key=uuid4())
        await put(connection, [outgoing(given, GIVEN, "intake", NOON)])

    async def recorded() -> bool:
        entry = "select who from audit_entry where report_id = $1 and action = 'was given a file'"
        async with create_pool(stack.postgres.url("escalation"), 1) as pool:
            return await pool.fetchval(entry, report_id) == "southvale-police"

    await eventually(recorded)


async def test_an_application_for_a_case_review_reaches_its_panel(tell: Tell):
    sent = await tell("web", FORMS["asb"], contact={"name": "Sam", "phone": "01632 960001"}, case_review=True)
    assert sent.went_to["moor-and-vale-case-review"] == {"case_review"}
