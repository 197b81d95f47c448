"""What was written beside the story: every field that holds words, also one that the model gets later."""

from shared.codebook import Strand
from shared.told import Answers, Place, Times, told_beside

NOWHERE = Place()


def test_all_that_was_written_is_given_with_the_name_of_its_field():
    answers = Answers(
        times=Times.once,
        strands=(Strand.race,),
        reported_before=2,
        online=True,
        feeling=("scared", "sick"),
        party="Lee",
    )
    given = [*told_beside(answers, Place(postcode="ZZ1 4AB", words="by the shop"))]
    assert given == [("feeling", "scared"), ("feeling", "sick"), ("party", "Lee"), ("place", "by the shop")]


def test_a_field_that_is_added_later_is_given_by_itself():
    class Later(Answers):
        neighbours: str | None = None
        names: tuple[str, ...] = ()

    assert dict(told_beside(Later(neighbours="They heard", names=("Jo",)), NOWHERE)) == {
        "neighbours": "They heard",
        "names": "Jo",
    }


def test_what_was_not_answered_is_not_given():
    assert [*told_beside(Answers(party="", feeling=("",)), Place(words=""))] == []
