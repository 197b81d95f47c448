"""A reading on the spot, for services and staff with a key: never public, for it would teach an abuser what passes."""

from fastapi import APIRouter

from services.classifier.domain.account import account
from services.classifier.routers.dependencies import Caller, RulebookDep
from shared.assessment import Assessment
from shared.events import ReportReceived

router = APIRouter(prefix="/v1", tags=["assessments"])


@router.post("/classify")
def classify(report: ReportReceived, _: Caller, rulebook: RulebookDep) -> Assessment:
    """What this report may be, and why. Nothing is stored. In a thread, so that a long report holds up no other."""
    return account(report, rulebook)
