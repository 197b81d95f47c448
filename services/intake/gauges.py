"""How many reports are open, and for how long: what intake's worker shows an alarm."""

from functools import partial

from services.intake.repository import accounts
from shared.gauges import Gauges

open_reports = partial(
    Gauges,
    {
        "open": ("heard_reports_open", "Reports whose newest words have no receipt"),
        "seconds": ("heard_reports_open_oldest_seconds", "For how long the first of them has had none"),
        "erasing": ("heard_erasures_open", "Erasures that escalation has not said are done"),
    },
    accounts.waiting,
)
