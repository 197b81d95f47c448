"""How a case ends in the control room."""

from enum import StrEnum
from typing import Final

from shared.codebook import DangerClass


class Outcome(StrEnum):
    attended = "attended"
    arrest = "arrest"
    crime_recorded = "crime_recorded"
    advised = "advised"
    referred = "referred"
    part_of_another_case = "part_of_another_case"
    nobody_reached = "nobody_reached"
    nothing_to_do = "nothing_to_do"
    drill = "drill"


WORDS: Final = {
    Outcome.attended: "Officers went",
    Outcome.arrest: "Somebody was arrested",
    Outcome.crime_recorded: "Recorded as a crime",
    Outcome.advised: "Resolved by advice",
    Outcome.referred: "Referred to another body",
    Outcome.part_of_another_case: "Dealt with in another case",
    Outcome.nobody_reached: "Nobody could be reached safely",
    Outcome.nothing_to_do: "Nothing for us to do",
    Outcome.drill: "A drill, ended",
}


def why_not(outcome: Outcome, danger: int, contacted: bool, drill: bool, why: str) -> str | None:
    """Why a case cannot be closed so; None where it can. Danger is not closed unheard without a reason."""
    if drill != (outcome is Outcome.drill):
        return "A drill is closed as a drill, and nothing else is."
    if danger < DangerClass.everything_else and not contacted and not why.strip() and not drill:
        return "Nobody has been in contact: make contact first, or say why it is closed without."
    return None
