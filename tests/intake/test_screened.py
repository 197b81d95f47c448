"""A threat takes the urgent lane in whatever box it is written, and wherever a recogniser cut it."""

import httpx
import pytest

from services.classifier.domain.assess import assess
from services.classifier.rulebook import load
from services.intake.domain.reports import in_its_lane
from services.intake.handlers.amendments import ask_for_review
from shared.codebook import DangerClass
from shared.database import Pool
from shared.events import Lane, ReportReceived, written_out
from shared.outbox import Bell
from shared.told import Answers, Channel, Contact, Place, Speaker, Turn
from tests.builders import NOON, report
from tests.intake.form import Form
from tests.intake.telling import RING, event_of, tell

DULL = "The music next door was loud on Saturday."
BOXES = {
    "party": "He has got a knife and says he'll kill me tonight",
    "when": "in the street now with a knife, shouting that he will stab me",
    "feeling_words": "sick, he said he will kill me",
    "complaints": "He said that he will kill me and burn the house down with the kids in it",
    "safe_never": "he said he will kill me if he finds out",
    "wanted": "somebody to come before he kills me, he told us that he is going to kill us",
    "told_reference": "none, he said he would kill me if I asked for one",
    "landlord_name": "J Smith, who said he will kill me",
    "place": "The lane behind the shop, where he said he will kill me",
}
PAGES = {
    "feeling_words": "feeling",
    "safe_never": "safe",
    "told_reference": "told",
    "landlord_name": "home",
    "place": "where",
}
BESIDE = {"told_reference": {"told": "yes"}, "landlord_name": {"landlord": "private"}}


async def sent(pool: Pool) -> ReportReceived:
    (row,) = await pool.fetch("select topic, value from outbox where topic like 'reports.received%'")
    told = ReportReceived.model_validate_json(row["value"])
    assert row["topic"] == ("reports.received.urgent" if told.lane is Lane.urgent else "reports.received")
    return told


@pytest.mark.parametrize("box", BOXES)
async def test_a_threat_in_any_box_of_the_form_is_urgent_and_read_as_one(person: Form, pool: Pool, box: str):
    reviewed = box in ("complaints", "wanted")
    await person.begin("case_review" if reviewed else "myself")
    await person.tell(story=DULL)
    answer = await person.post(f"/form/{PAGES.get(box, box)}", {box: BOXES[box], **BESIDE.get(box, {})})
    assert answer.status_code == 303
    if reviewed:
        await person.post("/form/where", {"postcode": "ZZ1 4AB"})
        await person.post("/form/contact", {"name": "Sam", "phone": "01632 960001"})
    await person.send()
    told = await sent(pool)
    assert told.lane is Lane.urgent
    assert told.screened
    assert assess(told, load()).danger_class <= DangerClass.violence_threatened


@pytest.mark.parametrize(
    "given",
    [{"text": DULL, "place": {"words": BOXES["place"]}}, {"text": DULL, "answers": {"wanted": BOXES["wanted"]}}],
    ids=["place", "answers"],
)
async def test_a_threat_beside_the_story_is_screened_by_whichever_way_it_comes(
    client: httpx.AsyncClient, pool: Pool, given: dict[str, object]
):
    assert (await client.post("/v1/reports", json=given)).status_code == 202
    assert (await sent(pool)).lane is Lane.urgent


@pytest.mark.parametrize("box", ["party", "feeling_words", "safe_never"])
async def test_what_was_chosen_and_dull_words_are_no_threat(person: Form, pool: Pool, box: str):
    await person.begin()
    await person.tell(story=DULL)
    await person.post("/form/feeling", {"feeling": ["scared", "threatened"]})
    await person.post(f"/form/{PAGES.get(box, box)}", {box: "don't ring after six, he is home"})
    await person.send()
    assert (await sent(pool)).lane is Lane.ordinary


async def test_a_threat_in_how_to_get_in_touch_later_takes_the_urgent_lane(pool: Pool):
    told = await tell(pool, DULL)
    who, never = Contact(name="Sam", phone="01632 960001"), BOXES["safe_never"]
    await ask_for_review(told.reference, told.secret, who, never, Place(), pool, Bell(pool), RING, NOON)
    assert (await event_of(pool, told.report_id)).lane is Lane.urgent


C, O, B = Speaker.caller, Speaker.operator, Speaker.background  # noqa: E741


def lane(*spoken: tuple[Speaker, str]) -> Lane:
    turns = tuple(Turn(speaker=speaker, text=text) for speaker, text in spoken)
    return in_its_lane(report(channel=Channel.phone, text=written_out(turns), turns=turns, answers=Answers())).lane


@pytest.mark.parametrize(
    "spoken",
    [
        [(C, "He's at my door and he's got a"), (C, "knife.")],
        [(C, "he says he is going to."), (C, "Kill me.")],
        [(C, "he told me he'll..."), (O, "Go on."), (C, "stab me")],
        [(C, "he's got a"), (B, "knife")],
        [(O, "so he said he would"), (C, "yes"), (O, "kill you")],
        [turn for said in ["he", "has", "got", "a", "knife"] for turn in ((C, said), (O, "where"))],
        [turn for said in ["I", "will", "kill", "you"] for turn in ((B, said), (C, "please"))],
    ],
    ids=["in two", "as sentences", "trailing off", "two voices", "the operator's", "crosstalk", "behind the caller"],
)
def test_a_threat_that_is_cut_apart_is_screened(spoken: list[tuple[Speaker, str]]):
    assert lane(*spoken) is Lane.urgent


def test_a_call_without_a_threat_is_not_urgent():
    assert lane((C, "He plays his music"), (C, "all night."), (O, "How loud is it?"), (C, "very")) is Lane.ordinary


def test_a_threat_of_low_trust_is_as_urgent():
    told = in_its_lane(report(text="He said he will kill me tonight.", low_trust=True))
    assert (told.low_trust, told.lane) == (True, Lane.urgent)
