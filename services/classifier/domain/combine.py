"""Two readers, one set of facts: what the lexical reader established, as the trained reader confirms, doubts or adds to it."""

from services.classifier.domain.facts import Facts
from services.classifier.domain.reading import Reading
from services.classifier.domain.trained import TrainedReader
from shared.events import Answers


def combine(facts: Facts, reading: Reading, answers: Answers, reader: TrainedReader) -> Facts:
    """The facts that stand. A proposed fact keeps the lexical evidence where there is any; a doubted one goes.

    An answer on the form and earlier reports are never doubted, nor is a fact that the model does not govern.
    """
    weighed = reader.weigh(reading, answers, facts.shown)
    doubted = reader.doubted(weighed.odds)
    stands = Facts()
    for fact, seen in facts.shown.items():
        if fact not in doubted or any(p.origin in ("answer", "history") for p in seen):
            stands.shown[fact] = list(seen)
    for proposal in reader.proposals(reading, weighed):
        if proposal.fact not in stands.shown:
            stands.add(proposal)
    return stands
