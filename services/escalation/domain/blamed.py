"""Whom a report blames in its own words, where nobody answered who it was: a body's own people, if it is them."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import re2
from pydantic import BaseModel, ConfigDict

from services.escalation.domain.names import LOOKED_AT, spoken
from shared.events import ReportReceived
from shared.patterns import alternatives, normalise, options


class Blamed(BaseModel):
    """How people say that a landlord, a teacher or an officer did it; the directory knows which body that is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    words: Mapping[str, str] = {}
    patterns: tuple[str, ...] = ()
    hits: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()

    def by(self, report: ReportReceived) -> str:
        """The words that blame them; none where somebody else was answered, whom those words do not name."""
        answers = report.answers
        found = self.said(report.text)
        answered = spoken(f"{answers.party or ''} {answers.party_organisation or ''}"[:LOOKED_AT]).split()
        return found if not answered or set(answered) & set(spoken(found).split()) else ""

    def said(self, text: str) -> str:
        data = normalise(text).data
        return "; ".join(data[found.start() : found.end()].decode() for found in self._found.finditer(data))

    @cached_property
    def _found(self) -> Any:
        return re2.compile(alternatives(self.patterns, self.words) or r"\z.", options())
