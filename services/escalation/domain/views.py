"""What is shown to whom: an agency sees of a report what its kind may see.

How to get in touch safely (F11) stands beside every contact, every place, for somebody may knock there, and every
story: who reads it may know them, and have numbers of their own, as a school has.
"""

import re
from enum import Enum
from typing import Any, Final

from services.escalation.domain.board import safe_contact
from services.escalation.domain.case_review import review_asked
from services.escalation.domain.directory import Kind, KindRule, Sees
from services.escalation.domain.grading import danger_of
from services.escalation.domain.unread import is_read
from shared.events import ReportClassified

WITHHELD: Final = "[withheld]"
REACHES_SOMEBODY: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]++@[\w-]++\.[\w.-]+"
    r"|(?<!\d)(?!\d\d([ .-])\d\d\1(?:19|20)\d\d \d\d?(?::|[ap]m))"
    r"(?:\+44|0044|0)(?:[^\S\n]?[().\u2010-\u2013-]{0,2}[^\S\n]?\d){8,10}(?!\d)"
)
"""An email address or a UK phone number, wherever somebody wrote it, and no date with its time.

Nothing is gone over twice, however long it is.
"""


def minimised(event: ReportClassified, rule: KindRule) -> dict[str, Any]:
    """The parts of a report that this kind of agency may see. Who asks a panel for a review is known to that panel."""
    report, assessment = event.report, event.assessment
    seen: dict[str, Any] = {"channel": report.channel}
    if Sees.story in rule.sees:
        seen |= {"text": report.text, "answers": _told(event)}
    if Sees.labels in rule.sees and assessment:
        seen |= {"labels": assessment.labels, "behaviours": assessment.behaviours}
    if Sees.strands in rule.sees and assessment:
        seen |= {"strands": assessment.strands}
    if Sees.threat in rule.sees and assessment:
        danger = danger_of(report, assessment)
        seen |= {"threat": assessment.threat, "danger_class": danger, "flags": assessment.flags}
    if assessment and not is_read(assessment):
        seen |= {"not_yet_read": True}
    if report.withdrawal_asked_at:
        seen |= {"withdrawal_asked": True}
    if Sees.party in rule.sees:
        seen |= {"party": report.answers.party, "party_organisation": report.answers.party_organisation}
    if Sees.place in rule.sees:
        seen |= {"place": report.place.model_dump(mode="json")}
    applied = rule.kind is Kind.case_review and review_asked(report)
    if applied:
        seen |= {"application": {"complaints": report.answers.reported_to, "wanted": report.answers.wanted}}
    if applied or Sees.contact in rule.sees:
        contact = report.contact.model_dump(mode="json") if report.contact else None
        return seen | {"contact": contact, "safe_contact": safe_contact(report, assessment)}
    if {Sees.place, Sees.story} & set(rule.sees):
        seen["safe_contact"] = safe_contact(report, assessment)
    return {name: _without_contacts(shown, event) for name, shown in seen.items()}


def narrowed(body: dict[str, Any], event: ReportClassified, rule: KindRule) -> dict[str, Any]:
    """What was shown before, without what this kind may not see any more, and with nothing that was told since."""
    kept = {name: shown for name, shown in body.items() if name in minimised(event, rule)}
    return kept if "contact" in kept else {name: _without_contacts(shown, event) for name, shown in kept.items()}


def _without_contacts(shown: Any, event: ReportClassified) -> Any:
    """Everything that is shown, but for the codebook's own words, which nobody wrote."""
    match shown:
        case str() if not isinstance(shown, Enum):
            return without_contacts(shown, event)
        case dict():
            return {name: _without_contacts(part, event) for name, part in shown.items()}
        case list() | tuple():
            return [_without_contacts(part, event) for part in shown]
    return shown


def without_contacts(text: str, event: ReportClassified) -> str:
    """The words without what would reach somebody: for those who may read the story, but not get in touch."""
    contact = event.report.contact
    given = [part for part in (contact.name, contact.phone, contact.email) if part] if contact else []
    for part in given:
        text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", WITHHELD, text, flags=re.IGNORECASE)
    return REACHES_SOMEBODY.sub(WITHHELD, text)


def _told(event: ReportClassified) -> dict[str, Any]:
    told = {"times", "feeling", "when", "happening_now", "reported_before"}
    return event.report.answers.model_dump(include=told, exclude_none=True)
