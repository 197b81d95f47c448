"""What is not in English is never guessed: it is said to be so, and the answers beside it still count."""

import pytest

from services.classifier.domain.account import account
from services.classifier.domain.assess import assess
from services.classifier.rulebook import load_second
from services.escalation.domain.grading import danger_of
from shared.codebook import DangerClass, Label, Strand, Threat
from shared.events import Lane
from shared.told import Answers, Channel, History, Times
from tests.classifier.building import BOOK, report, said

POLISH = "Mój sąsiad krzyczy na mnie i nie wiem co mam robić"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("", "illegible"),
        ("🙂🙂", "illegible"),
        ("sdkfjh wrtpq zxcvb qwrtp", "illegible"),
        (POLISH, "language:pl"),
        ("Sąsiad krzyczy na mnie i nie mogę spać", "language:pl"),
        ("Il vicino mi ha detto che mi ammazza", "language:it"),
        ("Il me suit tous les jours et il a dit qu'il va me tuer", "language:fr"),
        ("Me sigue todos los días y dice que me va a matar", "language:es"),
        ("De buurman volgt mij elke dag naar huis", "language:nl"),
        ("vecinul meu țipă la mine și nu mai pot sunt speriat", "language:ro"),
        ("Sused na mňa kričí a ja už neviem ako ďalej, pretože sa to deje každý deň", "language:cs"),
        ("Jirani yangu anapiga kelele kila siku na mimi ni mgonjwa sana kwa sababu ya hiyo", "language:sw"),
        ("Sinisigawan ako ng kapitbahay namin araw-araw at hindi na ako makatulog sa gabi", "language:tl"),
        ("Kaimiņš kliedz uz mani katru dienu un es vairs nevaru gulēt, man ir bail no viņa", "language:lv"),
        ("Hàng xóm của tôi la hét vào mặt tôi mỗi ngày và tôi rất sợ", "language:und"),
        ("сосед каждый день кричит на меня и стучит в дверь", "script:cyrillic"),
        ("сусід щодня кричить на мене і стукає у двері", "script:cyrillic"),
        ("همسایه من هر روز سر من داد می زند", "script:arabic"),
        ("मेरा पड़ोसी हर दिन मुझ पर चिल्लाता है", "script:devanagari"),
        ("我的邻居每天对我大喊大叫", "language:zh"),
    ],
)
def test_what_cannot_be_read_is_never_guessed(text, note):
    for rules in (BOOK, load_second()):
        read = assess(report(text), rules)
        assert read.labels == (Label.other,)
        assert note in read.notes


@pytest.mark.parametrize(
    "text",
    [
        "Loud music nightly, number twelve, dog barking constantly, bins overflowing, neighbours furious.",
        "Zoë and José shout at our café every night, naïve kids, they're drunk and I'm scared",
        "CALLER: Yeah.\nCALLER: No, no. Flat nine.\nCALLER: Kevin Ama.",
        "White van following kids near school",
        "Come quick lad stabbing neighbour outside",
        "Dad battering mam kitchen blood everywhere",
    ],
)
def test_english_of_few_small_words_is_read(text):
    assert not any(":" in note or note == "illegible" for note in said(text, channel=Channel.phone).notes)


def test_of_a_call_the_callers_language_counts_and_not_the_operators():
    asked = "OPERATOR: Police emergency, what is the address of the emergency please?"
    call = "\n".join([asked, f"CALLER: {POLISH}", "OPERATOR: I do not understand you, is there somebody with you?"])
    assert "language:pl" in said(call, channel=Channel.phone).notes
    assert not said(asked, channel=Channel.phone).notes


@pytest.mark.parametrize(
    ("lane", "danger"),
    [(Lane.ordinary, DangerClass.veiled_or_stalking), (Lane.urgent, DangerClass.violence_threatened)],
)
def test_it_is_as_grave_as_what_nobody_has_read(lane, danger):
    told = report(POLISH, lane=lane)
    assert danger_of(told, assess(told, BOOK)) is danger


def test_what_was_ticked_still_gives_its_label():
    race = Answers(strands=(Strand.race,), times=Times.more, feeling=("scared",))
    for text in (POLISH, "…"):
        assert said(text, answers=race).labels == (Label.hate_incident, Label.harassment)
    assert said(POLISH, answers=Answers(strands=(Strand.race,))).labels == (Label.hate_incident,)


def test_that_it_is_nuisance_is_never_guessed():
    assert said(POLISH, answers=Answers(times=Times.more), history=History(reports=2)).labels == (Label.other,)


def test_english_words_of_danger_in_it_count():
    read = said(f"{POLISH}. On mówi: I will kill you.")
    assert (read.threat, read.labels) == (Threat.explicit, (Label.other,))


def test_the_reporter_is_told_that_a_person_will_read_it_and_whom_to_ring():
    for answers in (Answers(), Answers(strands=(Strand.race,))):
        told = account(report(POLISH, answers=answers), BOOK).explanation
        assert told
        said_so = "\n".join(told.reporter)
        assert "a person will read it and nothing is guessed" in said_so
        assert "call 999" in said_so
        assert "we think this may be" not in said_so
