"""The risk picture: each question present, said to be absent, or unknown, with its words. Nothing is ever added up."""

from collections.abc import Sequence

from services.classifier.domain.established import Established
from services.classifier.domain.guide import Question, Way
from shared.assessment import Finding, Standing

MOST_EVIDENCE = 3


def picture(facts: Established, questions: Sequence[Question]) -> tuple[Finding, ...]:
    """One finding for each question, in the rulebook's order. What is present outweighs what is said to be absent."""
    return tuple(
        _finding(question, facts) if question.id in facts.touched else question.unknown for question in questions
    )


def _finding(question: Question, facts: Established) -> Finding:
    for standing, ways in ((Standing.present, question.present), (Standing.absent, question.absent)):
        if held := [way for way in ways if facts.all_hold(way)]:
            return _answered(question, standing, held, facts)
    return question.unknown


def _answered(question: Question, standing: Standing, held: Sequence[Way], facts: Established) -> Finding:
    resting = dict.fromkeys(fact for way in held for fact in facts.resting_on(way))
    shown = tuple(facts.evidence[fact][0] for fact in resting)[:MOST_EVIDENCE]
    return Finding(id=question.id, group=question.group, asks=question.asks, standing=standing, evidence=shown)
