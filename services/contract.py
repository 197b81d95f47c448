"""The contracts as documents in `docs/contract/`: AsyncAPI from the events, OpenAPI from the routes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import models_json_schema
from pydantic_asyncapi.base import Reference
from pydantic_asyncapi.v3 import AsyncAPI, Channel, Components, Info, Message, Operation

from services.classifier import main as classifier
from services.classifier.settings import Settings as ClassifierSettings
from services.escalation import main as escalation
from services.escalation.settings import Settings as EscalationSettings
from services.intake import main as intake
from services.intake.settings import Settings as IntakeSettings
from shared.cloudevents import schema_uri
from shared.events import (
    Event,
    Lane,
    LinkDisputed,
    ReportAmended,
    ReportClassified,
    ReportDelivered,
    ReportErased,
    ReportLinked,
    ReportOverridden,
    ReportProgressed,
    ReportReceived,
    ReportRouted,
)
from shared.kafka import (
    AMENDED,
    CLASSIFIED,
    DEAD,
    DISPUTED,
    ERASED,
    LINKED,
    OVERRIDDEN,
    PROGRESSED,
    RECEIVED,
    ROUTED,
    agency_topic,
)

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "contract"
REF: Final = "#/components/schemas/{model}"

PUBLISHED: Final[Mapping[str, tuple[type[Event], str]]] = {
    RECEIVED[Lane.ordinary]: (ReportReceived, "intake"),
    RECEIVED[Lane.urgent]: (ReportReceived, "intake"),
    CLASSIFIED[Lane.ordinary]: (ReportClassified, "classifier"),
    CLASSIFIED[Lane.urgent]: (ReportClassified, "classifier"),
    ROUTED: (ReportRouted, "escalation"),
    PROGRESSED: (ReportProgressed, "escalation"),
    agency_topic("{agency}"): (ReportDelivered, "escalation"),
    OVERRIDDEN: (ReportOverridden, "escalation"),
    LINKED: (ReportLinked, "intake"),
    AMENDED: (ReportAmended, "intake"),
    ERASED: (ReportErased, "intake"),
    DISPUTED: (LinkDisputed, "escalation"),
}
"""Every topic of events: what is on it, and who alone writes there."""


def documents() -> dict[str, str]:
    """Each document's file name and its text."""
    apps = {
        "intake": intake.create_app(IntakeSettings.model_construct()),
        "classifier": classifier.create_app(ClassifierSettings.model_construct()),
        "escalation": escalation.create_app(EscalationSettings.model_construct()),
    }
    found = {f"{name}.openapi.json": _text(app.openapi()) for name, app in apps.items()}
    return {"asyncapi.json": _text(asyncapi())} | found


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of every topic."""
    kinds = sorted({kind for kind, _ in PUBLISHED.values()}, key=lambda kind: kind.type_)
    _, schemas = models_json_schema([(kind, "validation") for kind in kinds], ref_template=REF)
    document = AsyncAPI(
        asyncapi="3.0.0",
        info=Info(title="Heard", version="1", description=f"CloudEvents 1.0, binary mode. Unreadable: {DEAD}."),
        defaultContentType="application/json",
        channels={topic: _channel(topic, kind) for topic, (kind, _) in PUBLISHED.items()},
        operations={f"{who}.{topic}": _operation(topic, kind) for topic, (kind, who) in PUBLISHED.items()},
        components=Components(messages={kind.type_: _message(kind) for kind in kinds}),
    )
    written: dict[str, Any] = document.model_dump(mode="json", by_alias=True, exclude_unset=True)
    written["components"]["schemas"] = schemas["$defs"]  # pydantic-asyncapi refuses enums of whole numbers
    return written


def _channel(topic: str, kind: type[Event]) -> Channel:
    return Channel(address=topic, messages={kind.__name__: Reference(ref=f"#/components/messages/{kind.type_}")})


def _operation(topic: str, kind: type[Event]) -> Operation:
    channel = f"#/channels/{topic}"
    return Operation(
        action="send", channel=Reference(ref=channel), messages=[Reference(ref=f"{channel}/messages/{kind.__name__}")]
    )


def _message(kind: type[Event]) -> Message:
    return Message(
        name=kind.type_,
        title=kind.__name__,
        summary=f"{(kind.__doc__ or '').strip().splitlines()[0]} Schema: {schema_uri(kind.type_)}",
        contentType="application/json",
        payload=Reference(ref=REF.format(model=kind.__name__)),
    )


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write(folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text)


def out_of_date(folder: Path = FOLDER) -> list[str]:
    """The documents that no longer say what the code says."""
    return [
        name
        for name, text in documents().items()
        if not (folder / name).exists() or (folder / name).read_text() != text
    ]
