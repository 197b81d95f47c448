"""An assessment with all that is said beside its labels: risk, possible offences, support and why."""

from services.classifier.domain.assess import judge, see
from services.classifier.domain.established import Established
from services.classifier.domain.explanation import explain
from services.classifier.domain.offences import possible
from services.classifier.domain.risk import picture
from services.classifier.domain.rules import Rulebook
from services.classifier.domain.support import offered
from shared.assessment import Assessment
from shared.events import ReportReceived
from shared.told import History

NOTHING_BEFORE = History()


def account(report: ReportReceived, rulebook: Rulebook) -> Assessment:
    """The whole reading of a report. What is for the reporter is said as if nobody had reported before."""
    guide, seen = rulebook.guide, see(report, rulebook)
    whole = judge(seen, report.history, rulebook)
    own = judge(seen, NOTHING_BEFORE, rulebook) if report.history != NOTHING_BEFORE else whole
    facts = Established.by(whole, rulebook)
    own_facts = facts if own is whole else Established.by(own, rulebook)
    offences = possible(facts, guide.offence)
    own_offences = offences if own is whole else possible(own_facts, guide.offence)
    return whole.model_copy(
        update={
            "risk": picture(facts, guide.question),
            "offences": offences,
            "support": offered(own_facts, guide.support),
            "explanation": explain(whole, own, own_offences, report.history, guide.phrases),
        }
    )
