"""What is shown to whom: an agency sees of a report what its kind may see, and safe contact beside every contact."""

from typing import Any

from services.escalation.domain.directory import KindRule, Sees
from shared.events import ReportClassified


def minimised(event: ReportClassified, rule: KindRule) -> dict[str, Any]:
    """The parts of a report that this kind of agency may see."""
    report, assessment = event.report, event.assessment
    seen: dict[str, Any] = {"channel": report.channel}
    if Sees.story in rule.sees:
        seen |= {"text": report.text, "answers": report.answers.model_dump(mode="json")}
    if Sees.labels in rule.sees and assessment:
        seen |= {"labels": assessment.labels, "behaviours": assessment.behaviours, "strands": assessment.strands}
    if Sees.threat in rule.sees and assessment:
        seen |= {"threat": assessment.threat, "flags": assessment.flags}
    if Sees.place in rule.sees:
        seen |= {"place": report.place.model_dump(mode="json")}
    if Sees.contact in rule.sees:
        seen |= {"contact": report.contact.model_dump(mode="json") if report.contact else None}
        seen |= {"safe_contact": _safe_contact(event)}
    return seen


def _safe_contact(event: ReportClassified) -> list[str]:
    """How, when and when not to get in touch (F11): from the form, and from the words."""
    answered = event.report.answers.safe_contact
    said = event.assessment.safe_contact if event.assessment else ()
    return [words for words in (answered, *said) if words]
