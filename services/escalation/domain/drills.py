"""Exercises: invented reports for a control room to practise on, apart from all that is real (design.md 14)."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.assessment import Assessment
from shared.codebook import DangerClass, Flag, Label, Repetition, Threat
from shared.events import Lane, ReportClassified, ReportReceived
from shared.told import Answers, Channel

SOURCE: Final = "drill"


class Drill(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    channel: Channel
    text: str
    labels: tuple[Label, ...]
    danger_class: DangerClass
    threat: Threat = Threat.none
    happening_now: bool = False
    flags: tuple[Flag, ...] = ()
    safe_contact: str | None = None
    ask: str | None = None

    def told(self, report_id: UUID, now: datetime) -> ReportClassified:
        """As if somebody had just told it."""
        report = ReportReceived(
            report_id=report_id,
            reference=f"DRILL-{report_id.hex[:8].upper()}",
            channel=self.channel,
            source=SOURCE,
            received_at=now,
            lane=Lane.urgent,
            text=self.text,
            answers=Answers(safe_contact=self.safe_contact),
        )
        reading = Assessment(
            rulebook=SOURCE,
            primary=self.labels[0],
            labels=self.labels,
            repetition=Repetition.repeated,
            threat=self.threat,
            happening_now=self.happening_now,
            flags=self.flags,
            danger_class=self.danger_class,
            ask=self.ask,
        )
        return ReportClassified(report_id=report_id, report=report, assessment=reading)


class Drills(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    drills: tuple[Drill, ...]

    def named(self, id_: str) -> Drill | None:
        return next((drill for drill in self.drills if drill.id == id_), None)
