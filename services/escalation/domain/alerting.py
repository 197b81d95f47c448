"""When somebody must look, and when it must be said again (design.md 9)."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

UNCLAIMED_AFTER: Final = timedelta(seconds=60)
"""How long a case of class 1 or 2 may wait for somebody to take it; said again after as long once more."""

NO_CONTACT_AFTER: Final = timedelta(minutes=5)
"""How long somebody may hold a case of class 1 to 3 without contact before the supervisor hears."""

NEARLY: Final = timedelta(minutes=10)
"""How near its target a case is shown to the supervisor."""


class Listed(StrEnum):
    """The lists of cases that a supervisor is shown."""

    unclaimed = "unclaimed"
    no_contact = "no_contact"
    breached = "breached"
    nearly = "nearly"
    in_review = "in_review"
    unread = "unread"
    folded = "folded"
