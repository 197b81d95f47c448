"""What is told beside the story: the same reader over the words of each answer.

Of those about how it felt everything counts, for they are as much the story as the story; of the others danger alone.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from services.classifier.domain.facts import FEELINGS
from services.classifier.domain.lexical import lexical
from services.classifier.domain.proposals import Proposal
from services.classifier.domain.reading import read
from services.classifier.domain.rules import Rulebook
from shared.events import ReportReceived
from shared.told import told_beside

COUNTS: Final = "danger_beside"
"""The set of facts that count: who a party is, and what they look like, is no behaviour of theirs."""
WHEREABOUTS: Final = {"F10.there", "F10.now", "F10.said", "X.party_there"}


def beside(report: ReportReceived, rulebook: Rulebook) -> Iterator[Proposal]:
    """The danger in each answer, and in the words for the place; the rule names which. Their spans are not the text's.

    When not to ring, since he is home, says where he is day after day: it counts beside danger in the same answer only.
    """
    counts = rulebook.sets.get(COUNTS, frozenset())
    for name, words in told_beside(report.answers, report.place):
        if words in FEELINGS:  # ticked: a fact as it is
            continue
        felt = name == "feeling"
        found = [proposal for proposal in lexical(read(words), rulebook) if felt or proposal.fact in counts]
        if name == "safe_contact" and WHEREABOUTS.issuperset(proposal.fact for proposal in found):
            continue
        for proposal in found:
            rule = f"answer.{name}.{proposal.rule}"
            yield replace(proposal, rule=rule, start=None, end=None, origin="answer")
