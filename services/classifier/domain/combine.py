"""Two readers, one set of facts: what the lexical reader established, as the trained reader confirms, doubts or adds to it."""

from services.classifier.domain.facts import Facts
from services.classifier.domain.reading import Reading
from services.classifier.domain.rules import Proposal
from services.classifier.domain.trained import TrainedReader
from shared.events import Answers

TOLD = {"answer", "history"}


def combine(facts: Facts, reading: Reading, answers: Answers, reader: TrainedReader) -> Facts:
    """The facts that stand: a proposed fact keeps the lexical evidence where there is any, a doubted one goes.

    What the form or earlier reports say is never doubted, nor a fact that the model does not govern.
    """
    weighed = reader.weigh(reading, answers, facts.shown)
    doubted = reader.doubted(weighed)
    stands = Facts({fact: seen for fact, seen in facts.shown.items() if fact not in doubted or _told(seen)})
    for proposal in reader.proposals(reading, weighed, frozenset(stands.shown)):
        stands.add(proposal)
    return stands


def _told(seen: list[Proposal]) -> bool:
    return any(proposal.origin in TOLD for proposal in seen)
