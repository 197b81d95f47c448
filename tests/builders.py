"""Reports, readings and receipts with sensible defaults; a test names only what it is about."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from shared.assessment import Assessment
from shared.codebook import DangerClass, Label, Repetition
from shared.events import Destination, Lane, ReportClassified, ReportReceived, ReportRouted
from shared.told import Channel, Place

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def report(**given: Any) -> ReportReceived:
    spoken = given.get("text", "").startswith(("CALLER:", "OPERATOR:"))
    defaults: dict[str, Any] = {
        "report_id": uuid4(),
        "reference": "H-4K7QX-9M2TB",
        "channel": Channel.phone if spoken else Channel.web,
        "source": "public",
        "received_at": NOON,
        "lane": Lane.ordinary,
        "text": "Music until four, every night.",
        "place": Place(postcode="ZZ1 4AB"),
    }
    return ReportReceived(**(defaults | given))


def assessment(**given: Any) -> Assessment:
    labels = given.pop("labels", (Label.asb,))
    defaults: dict[str, Any] = {
        "rulebook": "rules-1",
        "primary": labels[0],
        "labels": labels,
        "repetition": Repetition.once,
        "danger_class": DangerClass.everything_else,
    }
    return Assessment(**(defaults | given))


def classified(of: ReportReceived | None = None, as_: Assessment | None = None, **given: Any) -> ReportClassified:
    told = of or report()
    return ReportClassified(
        report_id=told.report_id, revision=told.revision, report=told, assessment=as_ or assessment(**given)
    )


def receipt(of: ReportReceived, **given: Any) -> ReportRouted:
    defaults: dict[str, Any] = {
        "report_id": of.report_id,
        "revision": of.revision,
        "routed_at": NOON,
        "destinations": (Destination(agency="northmoor-police", queue="control_room", reason="R1", ground="policing"),),
        "danger_class": DangerClass.everything_else,
        "grade": "advice",
    }
    return ReportRouted(**(defaults | given))
