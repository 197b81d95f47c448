"""What waits in escalation, and is seen by no receipt: what its worker shows an alarm."""

from functools import partial

from services.escalation.repository.alerts import SO_MANY, waiting
from shared.gauges import Gauges

what_waits = partial(
    Gauges,
    {
        "unsent": ("heard_escalation_unsent", f"Messages not yet on Kafka, receipts among them; {SO_MANY} or more"),
        "unsealed": ("heard_audit_unsealed", f"Entries of the audit record that are not sealed yet; {SO_MANY} or more"),
        "unclaimed": ("heard_threats_unclaimed_oldest_seconds", "For how long the first threat has had nobody"),
    },
    waiting,
)
