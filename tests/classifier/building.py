"""Reports and facts with defaults, so that a test says only what matters to it."""

from datetime import UTC, datetime
from uuid import UUID

from services.classifier.domain.assess import assess
from services.classifier.domain.facts import Facts, establish
from services.classifier.domain.proposals import Proposal
from services.classifier.domain.rules import Rulebook
from services.classifier.rulebook import load
from shared.assessment import Assessment
from shared.events import Lane, ReportReceived
from shared.told import Answers, Channel, History

BOOK: Rulebook = load()


def report(text: str, **fields: object) -> ReportReceived:
    given: dict[str, object] = {
        "report_id": UUID(int=1),
        "reference": "HRD-1",
        "channel": Channel.phone if text.startswith(("CALLER:", "OPERATOR:")) else Channel.web,
        "source": "public",
        "received_at": datetime(2026, 11, 1, tzinfo=UTC),
        "lane": Lane.ordinary,
        "text": text,
        **fields,
    }
    return ReportReceived.model_validate(given)


def said(text: str, **fields: object) -> Assessment:
    return assess(report(text, **fields), BOOK)


def facts(*names: str, answers: Answers | None = None, history: History | None = None) -> Facts:
    """Facts as if a reader had proposed them all, each of words of its own."""
    proposed = [Proposal(name, "test", at, at + 1, quote="x") for at, name in enumerate(names)]
    return establish(proposed, answers or Answers(), history or History(), BOOK)
