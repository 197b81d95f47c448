"""What a postcode is, and which one a place has: intake and escalation go by the same."""

import pytest

from shared.postcodes import AREAS, found_in, postcode_of
from shared.told import Place


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("9 Moss House, Northmoor, ZZ1 4AB.", ("ZZ14AB",)),
        ("zz14ab", ("ZZ14AB",)),
        (" zZ1  4aB ", ("ZZ14AB",)),
        ("EC1A 1BB", ("EC1A1BB",)),
        ("ZZ1 4AB, I mean ZZ1 4AB, or ZZ5 1AA", ("ZZ14AB", "ZZ51AA")),
        ("M1 4TH", ("M14TH",)),
        ("I'm at no4 1st floor", ()),
        ("the A1 2nd exit", ()),
        ("block B2 3rd floor", ()),
        ("the M6 2nd junction", ()),
        ("the M6 5th junction", ()),
        ("bus N9 7pm", ()),
        ("QX1 4AB", ()),
        ("ZZ1", ()),
        ("", ()),
    ],
)
def test_a_postcode_is_told_from_a_floor_a_road_and_a_time(words: str, found: tuple[str, ...]):
    assert found_in(words) == found


@pytest.mark.parametrize(
    ("place", "postcode"),
    [
        (Place(), None),
        (Place(postcode="ZZ1 4AB", words="by the garages, ZZ5 1AA"), "ZZ14AB"),
        (Place(postcode="9 Moss House, ZZ1 4AB"), "ZZ14AB"),
        (Place(words="9 Moss House, Northmoor, ZZ1 4AB"), "ZZ14AB"),
        (Place(postcode="not sure", words="ZZ1 4AB"), "ZZ14AB"),
        (Place(words="on the bus from ZZ1 4AB to ZZ5 1AA"), None),
    ],
)
def test_a_place_has_the_one_postcode_that_is_said_of_it(place: Place, postcode: str | None):
    assert postcode_of(place) == postcode


def test_the_areas_are_those_that_somebody_lives_in_and_the_one_of_the_samples():
    assert len(AREAS - {"ZZ"}) == 124
