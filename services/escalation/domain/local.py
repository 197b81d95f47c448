"""Times as staff read them: those of the clock on the wall, in the United Kingdom."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

UK: Final = ZoneInfo("Europe/London")


def day_of(at: datetime) -> date:
    return at.astimezone(UK).date()


def local(at: datetime, form: str) -> str:
    """As `strftime` writes it; %Z is GMT or BST."""
    return at.astimezone(UK).strftime(form)
