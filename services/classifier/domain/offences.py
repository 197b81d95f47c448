"""Possible offences: what the facts may make out in England and Wales. Never said to have been committed."""

from collections.abc import Iterator, Sequence

from services.classifier.domain.established import Established
from services.classifier.domain.guide import Offence, Way
from shared.assessment import PossibleOffence


def possible(facts: Established, offences: Sequence[Offence]) -> tuple[PossibleOffence, ...]:
    """The offences whose facts hold, in the rulebook's order, each with the facts it rests on."""
    return tuple(_possible(facts, offences))


def _possible(facts: Established, offences: Sequence[Offence]) -> Iterator[PossibleOffence]:
    for offence in facts.touches(offences):
        if way := facts.way(offence.needs):
            yield _of(offence, way, facts)


def _of(offence: Offence, way: Way, facts: Established) -> PossibleOffence:
    return PossibleOffence(
        id=offence.id,
        name=offence.name,
        statute=offence.statute,
        section=offence.section,
        line=offence.line,
        facts=tuple(facts.resting_on(way)),
        checked=offence.checked.on if offence.checked else None,
        legal_review=offence.legal_review,
        staff_only=offence.staff_only,
    )
