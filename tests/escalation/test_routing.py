"""Codebook §5, row by row: with consent and without it, and with each body as the party complained of."""

from dataclasses import replace
from typing import Any

import pytest

from services.escalation.domain.grading import danger_of
from services.escalation.domain.routing import NOBODY, Route, Subject, route
from services.escalation.handlers.cases import Rules
from shared.codebook import DangerClass, Flag, Label, Strand
from shared.events import Lane
from shared.told import Answers, Contact, Place
from tests.builders import NOON, assessment, report

ALL = ("housing", "school", "stalking_advocacy", "hate_crime_support")
POLICE, REVIEW = ("police", "neighbourhood"), ("police", "review")


def routed(rules: Rules, told: dict[str, Any], read: dict[str, Any] | None, persisting: bool = False) -> Route:
    given = report(**told)
    reading = None if read is None else assessment(**read)
    subject = Subject(given, reading, danger_of(given, reading), rules.area_of(given.place), persisting)
    return route(subject, rules.directory, rules.routing)


def places(where: Route) -> set[tuple[str, str]]:
    return {(d.agency.removeprefix("northmoor-"), d.queue) for d in where.destinations}


STALKING = {"labels": (Label.stalking, Label.harassment), "danger_class": DangerClass.veiled_or_stalking}
HARASSMENT = {"labels": (Label.harassment,)}
HATE = {"labels": (Label.hate_incident,), "strands": (Strand.race,)}
BULLYING = {"labels": (Label.harassment,), "behaviours": ("H10",)}
CHILD = {"labels": (Label.harassment,), "flags": (Flag.child_at_risk,)}
COUNCILS = Answers(landlord="council")
BOTH_FORCES = Answers(party="an officer of Southvale Constabulary", party_organisation="Northmoor Police")
AT_SCHOOL = "Three boys in my son's class at school push him about every day."
AMBULANCE = "He rings for an ambulance every night and nobody is ill."
ASKS = {"case_review_asked_at": NOON, "contact": Contact(name="Jo", phone="01632 960001")}

ROWS = [
    ("R1", {}, {"labels": (Label.other,), "danger_class": DangerClass.life_at_risk}, {("police", "control_room")}),
    ("R2", {}, HARASSMENT | {"happening_now": True}, {("police", "control_room"), ("police", "harassment")}),
    ("R3", {}, {"behaviours": ("S1",), "happening_now": True}, {("police", "control_room"), POLICE}),
    ("R4", {}, HARASSMENT, {("police", "harassment")}),
    ("R5", {"answers": COUNCILS, "consent": ALL}, HARASSMENT, {("police", "harassment"), ("homes", "tenancy")}),
    ("R5 without consent", {"answers": COUNCILS}, HARASSMENT, {("police", "harassment")}),
    ("R6 and R7", {"consent": ALL}, HATE, {("police", "hate_crime"), ("stand-together", "support")}),
    ("R7 without consent", {}, HATE, {("police", "hate_crime")}),
    ("R8 and R9", {}, {"behaviours": ("A4",)}, {POLICE, ("council-asb", "asb")}),
    ("R10", {}, {"behaviours": ("A3",)}, {("environmental-health", "nuisance")}),
    (
        "R11",
        {"answers": COUNCILS, "consent": ALL},
        {"behaviours": ("A3",)},
        {("environmental-health", "nuisance"), ("homes", "tenancy")},
    ),
    (
        "R11 without consent",
        {"answers": COUNCILS},
        {"behaviours": ("A3",)},
        {("environmental-health", "nuisance"), POLICE},
    ),
    ("R12", {"text": AMBULANCE}, {"behaviours": ("A2",)}, {("moor-and-vale-ambulance", "hoax_calls"), POLICE}),
    ("R12, a service not in the directory", {"text": "Hoax fire calls"}, {"behaviours": ("A2",)}, {REVIEW, POLICE}),
    ("R13", {"text": "Pizzas we never ordered."}, {"behaviours": ("A2",)}, {POLICE}),
    (
        "R14",
        {"consent": ALL, "text": AT_SCHOOL},
        BULLYING,
        {("police", "harassment"), ("moor-and-vale-schools", "safeguarding")},
    ),
    ("R14 without consent", {"text": AT_SCHOOL}, BULLYING, {("police", "harassment")}),
    ("R14, not at a school", {"consent": ALL, "text": "My manager bullies me."}, BULLYING, {("police", "harassment")}),
    (
        "R15",
        {"consent": ALL},
        STALKING,
        {("police", "control_room"), ("police", "harassment"), ("step-away", "advocacy")},
    ),
    ("R15 without consent", {}, STALKING, {("police", "control_room"), ("police", "harassment")}),
    ("R16", {}, CHILD, {("police", "harassment"), ("safeguarding", "safeguarding")}),
    ("R18", {}, {"behaviours": ("A9",)}, {("council-asb", "asb")}),
    ("R19", {}, {"behaviours": ("S1",)}, {POLICE}),
    ("R19 and R20", {}, {"behaviours": ("H8",)}, {POLICE, ("council-asb", "asb")}),
    ("R8 and R20", {}, {"behaviours": ("H4",)}, {POLICE, ("council-asb", "asb")}),
    ("R20, domestic", {}, {"behaviours": ("H4", "H6"), "flags": (Flag.domestic,)}, {POLICE}),
    (
        "R20, honour",
        {},
        {"behaviours": ("H8",), "flags": (Flag.honour_based,)},
        {POLICE, ("safeguarding", "safeguarding")},
    ),
    (
        "R20, hate",
        {"consent": ALL},
        {"labels": (Label.hate_incident, Label.asb), "strands": (Strand.race,), "behaviours": ("H8",)},
        {("police", "hate_crime"), ("stand-together", "support"), POLICE},
    ),
    ("R21", {}, {"labels": (Label.other,)}, {REVIEW}),
    ("R22", ASKS, {"labels": (Label.other,)}, {REVIEW, ("moor-and-vale-case-review", "case_review")}),
    ("R22, anonymous", ASKS | {"contact": None}, {"labels": (Label.other,)}, {REVIEW}),
    ("no row", {}, {"labels": (Label.asb,)}, {REVIEW}),
    ("not read", {}, None, {REVIEW, ("police", "control_room")}),
]


@pytest.mark.parametrize(("told", "read", "wanted"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_each_row(rules: Rules, told: dict[str, Any], read: dict[str, Any] | None, wanted: set[tuple[str, str]]):
    assert places(routed(rules, told, read)) == wanted


def test_at_the_threshold_the_case_review_panel_has_it_too(rules: Rules):
    wanted = {("environmental-health", "nuisance"), ("moor-and-vale-case-review", "case_review")}
    assert places(routed(rules, {}, {"behaviours": ("A3",)}, persisting=True)) == wanted


def test_every_row_of_the_table_is_tried_here(rules: Rules):
    tried = {name for row in ROWS for name in row[0].replace(",", " ").split()} | {"R17"}
    assert {row.id for row in rules.routing.rows} <= tried


@pytest.mark.parametrize("postcode", [None, "", "SW1A 1AA", "ZZ9 9ZZ", "nonsense"])
def test_an_unknown_area_goes_to_review_and_to_nobody_else(rules: Rules, postcode: str | None):
    where = routed(rules, {"place": Place(postcode=postcode)}, HARASSMENT)
    assert where.force is None
    assert places(where) == {(NOBODY, "review")}
    assert where.queues == ("review",)


IN_SIGHT = ("control_room", "review")
NOWHERE = {"place": Place()}
THE_POLICE = {"answers": Answers(party_organisation="the police")}


@pytest.mark.parametrize("told", [NOWHERE, NOWHERE | THE_POLICE, THE_POLICE])
@pytest.mark.parametrize("danger", DangerClass)
def test_danger_that_no_area_or_force_is_found_for_is_in_every_control_rooms_own_queue(
    rules: Rules, told: dict[str, Any], danger: DangerClass
):
    every = tuple(agency for agency in rules.directory.agencies if agency.id != "southvale-police")
    areas = tuple(area.model_copy(update={"police_instead": None}) for area in rules.directory.areas)
    alone = replace(rules, directory=rules.directory.model_copy(update={"agencies": every, "areas": areas}))
    where = routed(alone, told, HARASSMENT | {"danger_class": danger})
    assert (where.force, where.queues) == (None, IN_SIGHT if danger < DangerClass.everything_else else ("review",))
    assert {d.agency for d in where.destinations} == {NOBODY}


@pytest.mark.parametrize("lane", Lane)
def test_what_nobody_has_read_is_in_the_control_rooms_own_queue(rules: Rules, lane: Lane):
    where = routed(rules, {"lane": lane}, None)
    assert (where.force, where.queues) == ("northmoor-police", IN_SIGHT)


def test_where_every_force_may_be_complained_of_each_has_it_and_is_told_so(rules: Rules):
    where = routed(rules, NOWHERE | THE_POLICE, HARASSMENT)
    assert (where.force, places(where)) == (None, {(NOBODY, "review")})
    assert where.destinations[0].reason == "the area is not known, and every police force may be complained of"


def test_a_boundary_goes_to_review_and_to_nobody_else(rules: Rules):
    northmoor, southvale = rules.directory.areas
    both = (northmoor, southvale.model_copy(update={"outward": (*southvale.outward, "ZZ3")}))
    shared = replace(rules, directory=rules.directory.model_copy(update={"areas": both}))
    assert places(routed(shared, {"place": Place(postcode="ZZ3 1AA"), "consent": ALL}, HARASSMENT)) == {
        (NOBODY, "review")
    }
    assert routed(shared, {"place": Place(postcode="ZZ2 1AA")}, STALKING).force == "northmoor-police"


@pytest.mark.parametrize("postcode", ["ZZ1 4AB", "zz14ab", " zZ1  4aB "])
def test_a_postcode_is_read_however_it_was_typed(rules: Rules, postcode: str):
    assert routed(rules, {"place": Place(postcode=postcode)}, {}).force == "northmoor-police"


@pytest.mark.parametrize(
    "place",
    [
        Place(postcode="9 Moss House, Northmoor, ZZ1 4AB"),
        Place(words="9 Moss House, Northmoor, ZZ1 4AB"),
        Place(postcode="ZZ1"),
        Place(postcode="ZZ1 4OI"),
    ],
    ids=str,
)
def test_a_postcode_among_other_words_and_half_of_one_say_where_it_is(rules: Rules, place: Place):
    assert routed(rules, {"place": place}, {}).force == "northmoor-police"


def test_of_two_postcodes_a_person_says_which_it_is(rules: Rules):
    assert places(routed(rules, {"place": Place(words="between ZZ1 4AB and ZZ5 1AA")}, {})) == {(NOBODY, "review")}


def test_what_is_withheld_from_a_partner_is_said_to_the_police(rules: Rules):
    where = routed(rules, {"answers": COUNCILS}, HARASSMENT)
    assert all(d.agency == "northmoor-police" for d in where.destinations)
    assert any("withheld from Northmoor Homes: no consent (R5)" in d.reason for d in where.destinations)


COMPLAINED_OF = [
    ("the landlord by name", {"party_organisation": "Northmoor Homes"}, "northmoor-homes", HARASSMENT),
    ("the landlord, mistyped", {"party_organisation": "northmor homes ltd."}, "northmoor-homes", HARASSMENT),
    ("a man of the landlord's", {"party": "Gary, a housing officer"}, "northmoor-homes", HARASSMENT),
    ("'my landlord'", {"party": "my landlord"}, "northmoor-homes", HARASSMENT),
    ("the school by name", {"party_organisation": "northmoor high school"}, "moor-and-vale-schools", BULLYING),
    ("a teacher", {"party": "his maths teacher"}, "moor-and-vale-schools", BULLYING),
    (
        "the council's body",
        {"party_organisation": "Northmoor Council"},
        "northmoor-council-asb",
        {"behaviours": ("A4",)},
    ),
    ("'the council'", {"party_organisation": "The council"}, "northmoor-council-asb", {"behaviours": ("A4",)}),
    ("a social worker", {"party": "our social worker"}, "northmoor-safeguarding", CHILD),
    (
        "the council, for noise",
        {"party_organisation": "council"},
        "northmoor-environmental-health",
        {"behaviours": ("A3",)},
    ),
    ("the force by name", {"party_organisation": "Northmoor Police"}, "northmoor-police", STALKING),
    ("an officer", {"party": "my ex, he is a police officer"}, "northmoor-police", STALKING),
    ("a PC at the force", {"party": "PC 1234 Shaw at Northmoor Police"}, "northmoor-police", STALKING),
    (
        "an officer, beside a body that is named",
        {"party": "the police officer who came with the ambulance"},
        "northmoor-police",
        STALKING,
    ),
    (
        "an officer who lives with the landlord named",
        {"party_organisation": "Northmoor Homes", "party": "my neighbour, a police officer"},
        "northmoor-police",
        STALKING,
    ),
    (
        "the council's, beside a body that is named",
        {"party_organisation": "Northmoor Homes", "party": "a council officer"},
        "northmoor-council-asb",
        {"behaviours": ("A4",)},
    ),
]


@pytest.mark.parametrize(
    ("answers", "never", "read"), [c[1:] for c in COMPLAINED_OF], ids=[c[0] for c in COMPLAINED_OF]
)
@pytest.mark.parametrize("consent", [ALL, ()])
def test_nothing_goes_to_the_body_complained_of(
    rules: Rules, answers: dict[str, str], never: str, read: dict[str, Any], consent: tuple[str, ...]
):
    told = {"answers": Answers(landlord="housing association", **answers), "consent": consent, "text": AT_SCHOOL}
    where = routed(rules, told, read)
    assert never not in {d.agency for d in where.destinations}
    assert "review" in where.queues


BLAMED = [
    (
        "My landlord Northmoor Homes keeps letting himself into my flat.",
        {"answers": Answers(landlord="Northmoor Homes")},
        "northmoor-homes",
        HARASSMENT,
    ),
    ("My landlord keeps letting himself in.", {"answers": COUNCILS}, "northmoor-homes", HARASSMENT),
    ("The head teacher at Northmoor High School bullies my son.", {}, "moor-and-vale-schools", BULLYING),
    ("He follows me home. My ex is a police officer.", {}, "northmoor-police", STALKING),
    (
        "My landlord Gary keeps shouting at us.",
        {"answers": Answers(landlord="council", party="Gary")},
        "northmoor-homes",
        HARASSMENT,
    ),
]


@pytest.mark.parametrize(("text", "told", "never", "read"), BLAMED, ids=[c[0] for c in BLAMED])
def test_nor_to_the_body_that_the_words_alone_blame(
    rules: Rules, text: str, told: dict[str, Any], never: str, read: dict[str, Any]
):
    where = routed(rules, told | {"text": text, "consent": ALL}, read)
    assert never not in {d.agency for d in where.destinations}
    assert "review" in where.queues


def test_what_the_words_alone_blame_a_person_may_judge_otherwise(rules: Rules):
    told = report(text="My landlord keeps shouting at us.", answers=COUNCILS, consent=ALL)
    assert rules.complained_of(told) == {"northmoor-homes"}
    assert rules.ground("northmoor-homes", told) == "consent"


def test_who_is_named_in_answer_is_whom_it_complains_of_and_not_who_did_not_help(rules: Rules):
    answers = Answers(landlord="council", party="the lads upstairs")
    told = {"text": "They shout. My landlord is always shouting at us to stop ringing.", "answers": answers}
    assert ("homes", "tenancy") in places(routed(rules, told | {"consent": ALL}, HARASSMENT))


def test_the_words_that_blame_are_tried_on_examples(rules: Rules):
    blamed = rules.routing.blamed
    assert [text for text in blamed.hits if not blamed.said(text)] == []
    assert [(text, blamed.said(text)) for text in blamed.misses if blamed.said(text)] == []


@pytest.mark.parametrize(
    ("text", "there"), [("I am late for the school run and my manager mocks me.", False), ("Bullied at school.", True)]
)
def test_a_school_run_is_no_school_where_somebody_is_bullied(rules: Rules, text: str, there: bool):
    agencies = {d.agency for d in routed(rules, {"text": text, "consent": ALL}, BULLYING).destinations}
    assert ("moor-and-vale-schools" in agencies) is there


def test_another_is_proposed(rules: Rules):
    told = {"answers": Answers(landlord="council", party_organisation="Northmoor Homes"), "consent": ALL}
    (review,) = [d for d in routed(rules, told, HARASSMENT).destinations if d.queue == "review"]
    assert review.reason.endswith("Northmoor Homes; proposed instead: Northmoor Council ASB team (R5)")


def test_what_is_said_of_the_police_goes_to_another_force_as_gravely(rules: Rules):
    where = routed(rules, {"answers": Answers(party_organisation="Northmoor Police")}, STALKING)
    assert where.force == "southvale-police"
    assert where.queues == ("control_room", "harassment", "review")


def test_where_nobody_knows_the_area_the_force_complained_of_still_never_has_it(rules: Rules):
    told = {"answers": Answers(party="a sergeant in Northmoor Police"), "place": Place()}
    where = routed(rules, told, STALKING)
    assert (where.force, where.queues) == ("southvale-police", IN_SIGHT)
    assert {d.agency for d in where.destinations} == {"southvale-police"}


def test_where_the_force_that_would_act_instead_is_complained_of_too_a_third_acts(rules: Rules):
    area = rules.directory.areas[0].model_copy(update={"id": "eastfell", "outward": ("ZZ7",), "districts": ()})
    third = rules.directory.force("northmoor").model_copy(
        update={"id": "eastfell-police", "name": "Eastfell Police", "also_known_as": (), "areas": ("eastfell",)}
    )
    given = {"agencies": (*rules.directory.agencies, third), "areas": (*rules.directory.areas, area)}
    of_three = replace(rules, directory=rules.directory.model_copy(update=given))
    where = routed(of_three, {"answers": BOTH_FORCES}, HARASSMENT)
    assert where.force == "eastfell-police"
    assert {d.agency for d in where.destinations} == {"eastfell-police"}


@pytest.mark.parametrize("organisation", ["Northmoor", "Northmoor Taxis", "e", "Southvale Bakery", "the club"])
def test_a_like_name_is_not_the_same(rules: Rules, organisation: str):
    assert rules.directory.complained_of(Answers(party_organisation=organisation), "northmoor") == frozenset()


@pytest.mark.parametrize(
    ("party", "whose"),
    [
        ("the police", "northmoor-police"),
        ("my husband, who is in the police", "northmoor-police"),
        ("Ex partner. He's in the police", "northmoor-police"),
        ("my ex, he works for the council", "northmoor-council-asb"),
        ("the bloke opposite, employed as a driver by the council", "northmoor-council-asb"),
        ("Local authority", "northmoor-council-asb"),
    ],
)
def test_who_is_said_to_work_for_a_body_is_its_own(rules: Rules, party: str, whose: str):
    assert whose in rules.directory.complained_of(Answers(party=party), "northmoor")


@pytest.mark.parametrize(
    "party",
    ["the man in the council flats", "a council tenant", "he is in the council flats", "he works nights, 6 foot"],
)
def test_who_lives_in_what_is_the_councils_is_not(rules: Rules, party: str):
    assert not rules.directory.complained_of(Answers(party=party), "northmoor")


def test_a_council_named_elsewhere_is_not_the_council_here(rules: Rules):
    named = rules.directory.complained_of(Answers(party_organisation="Southvale Borough Council"), "northmoor")
    assert "southvale-council-asb" in named
    assert "northmoor-council-asb" not in named


def test_a_word_for_its_kind_says_no_more_of_the_body_that_is_named(rules: Rules):
    officer = Answers(party_organisation="Southvale Constabulary", party="a police officer, PC Shaw")
    assert rules.directory.complained_of(officer, "northmoor") == {"southvale-police"}


@pytest.mark.parametrize(
    ("answer", "landlord"),
    [("Northmoor Homes", "homes"), ("council", "homes"), ("a friend of mine", None), ("Southvale Housing", None)],
)
def test_only_the_reporters_own_landlord(rules: Rules, answer: str, landlord: str | None):
    where = routed(rules, {"answers": Answers(landlord=answer), "consent": ALL}, HARASSMENT)
    housing = {agency for agency, queue in places(where) if queue == "tenancy"}
    assert housing == ({landlord} if landlord else set())
    assert ("review" in where.queues) is (landlord is None)


@pytest.mark.parametrize("told", [{}, {"place": Place()}, {"answers": BOTH_FORCES}])
def test_who_is_responsible_for_what_is_not_ours_is_named(rules: Rules, told: dict[str, Any]):
    where = routed(rules, told | {"text": "It was a scam, they had my card details."}, {"labels": (Label.other,)})
    assert where.responsible == ("Report Fraud",)


@pytest.mark.parametrize(
    ("text", "named"),
    [("He punched me on the pavement.", "the council's highways team"), ("He groped me by the extension.", "planning")],
)
def test_whoever_was_hurt_is_not_sent_to_who_mends_the_road(rules: Rules, text: str, named: str):
    hurt = {"labels": (Label.other,), "behaviours": ("H7",), "danger_class": DangerClass.violence_threatened}
    assert routed(rules, {"text": text}, hurt).responsible == ()
    assert named in " ".join(routed(rules, {"text": text}, {"labels": (Label.other,)}).responsible)


def test_a_team_that_takes_some_behaviours_is_given_those_alone(rules: Rules):
    health = rules.directory.agency("northmoor-environmental-health")
    assert health
    named = (("noise-team", "A3"), ("street-cleaners", "A6"))
    teams = [health.model_copy(update={"id": one, "name": one, "takes": (what,)}) for one, what in named]
    others = (one for one in rules.directory.agencies if one != health)
    ours = replace(rules, directory=rules.directory.model_copy(update={"agencies": (*others, *teams)}))
    assert places(routed(ours, {}, {"behaviours": ("A3",)})) == {("noise-team", "nuisance")}
    everything = {("noise-team", "nuisance"), ("street-cleaners", "nuisance")}
    assert places(routed(ours, {}, {"behaviours": ("A3", "A6")})) == everything


def test_every_destination_has_a_reason_and_a_ground(rules: Rules):
    for destination in routed(rules, {"consent": ALL}, STALKING).destinations:
        assert destination.reason
        assert destination.ground
