"""The risk picture as the classifier found it (facts.md): shown question by question, and never added up."""

from services.escalation.domain.words import PICTURES
from shared.assessment import Assessment, Finding, RiskGroup, Standing
from shared.codebook import Label

Pictures = tuple[tuple[str, tuple[Finding, ...]], ...]

OF_STALKING = frozenset({RiskGroup.four, RiskGroup.sdash})


def pictures(assessment: Assessment) -> Pictures:
    """Each part under its name: FOUR and S-DASH where it is stalking or on the way to it, the others where answered."""
    stalks = Label.stalking in assessment.labels or assessment.fixation
    shown = [group for group in RiskGroup if (stalks if group in OF_STALKING else _answered(assessment, group))]
    return tuple((PICTURES[group], _of(assessment, group)) for group in shown if _of(assessment, group))


def _of(assessment: Assessment, group: RiskGroup) -> tuple[Finding, ...]:
    return tuple(finding for finding in assessment.risk if finding.group is group)


def _answered(assessment: Assessment, group: RiskGroup) -> bool:
    return any(finding.standing is not Standing.unknown for finding in _of(assessment, group))
