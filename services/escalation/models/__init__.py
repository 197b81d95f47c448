"""Escalation's tables: whoever asks for `Table` here has all of them."""

from services.escalation.models import audit, case_reviews, cases, deliveries, people
from services.escalation.models.base import Table

__all__ = ["Table", "audit", "case_reviews", "cases", "deliveries", "people"]
