"""The contracts as documents in `docs/contract/`: AsyncAPI from the events, OpenAPI from the routes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from pydantic_asyncapi.base import Reference
from pydantic_asyncapi.v3 import AsyncAPI, Channel, Components, Info, Message, Operation

from services.classifier import main as classifier
from services.classifier.settings import Settings as ClassifierSettings
from services.escalation import main as escalation
from services.escalation.settings import Settings as EscalationSettings
from services.intake import main as intake
from services.intake.routers.calls import CallStanding, TurnsGiven
from services.intake.settings import Settings as IntakeSettings
from shared.cloudevents import REQUIRED, schema_uri
from shared.events import (
    Event,
    FileGiven,
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
    GIVEN,
    LINKED,
    OVERRIDDEN,
    PROGRESSED,
    RECEIVED,
    ROUTED,
    agency_topic,
)
from shared.problems import problem_of

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "contract"
AGENCYS: Final = agency_topic("{agency}")
REF: Final = "#/components/schemas/{model}"

PUBLISHED: Final[Mapping[str, tuple[type[Event], str]]] = {
    RECEIVED[Lane.ordinary]: (ReportReceived, "intake"),
    RECEIVED[Lane.urgent]: (ReportReceived, "intake"),
    CLASSIFIED[Lane.ordinary]: (ReportClassified, "classifier"),
    CLASSIFIED[Lane.urgent]: (ReportClassified, "classifier"),
    ROUTED: (ReportRouted, "escalation"),
    PROGRESSED: (ReportProgressed, "escalation"),
    AGENCYS: (ReportDelivered, "escalation"),
    OVERRIDDEN: (ReportOverridden, "escalation"),
    LINKED: (ReportLinked, "intake"),
    AMENDED: (ReportAmended, "intake"),
    ERASED: (ReportErased, "intake"),
    DISPUTED: (LinkDisputed, "escalation"),
    GIVEN: (FileGiven, "intake"),
}
"""Every topic of events: what is on it, and who alone writes there."""


CALL: Final = "calls.turns"
"""The channel by which a telephone system sends a call as it goes on: no topic, but a WebSocket of intake's."""
SPOKEN: Final = {"turns": TurnsGiven, "standing": CallStanding}

HEADERS: Final = {
    "ce_id": "the same each time that an event is sent again: take it once",
    "ce_source": "the service that wrote it",
    "ce_specversion": "1.0",
    "ce_type": "which of the messages here it is; another is to be passed over",
    "ce_subject": "the report's id",
    "ce_time": "when it was first written, in UTC",
    "ce_dataschema": "the schema's name",
    "ce_traceparent": "the trace that it belongs to (W3C)",
    "content-type": "application/json",
}
SERVERS: Final = {
    "kafka": {
        "host": "{brokers}",
        "protocol": "kafka-secure",
        "description": "TLS, and SCRAM-SHA-512 under the name that the administrator gave: an agency's own id",
        "variables": {"brokers": {"description": "host:port"}},
        "security": [{"$ref": "#/components/securitySchemes/name"}],
    },
    "intake": {
        "host": "{host}",
        "protocol": "wss",
        "description": "intake, where its HTTP is",
        "variables": {"host": {"description": "host:port"}},
        "security": [{"$ref": "#/components/securitySchemes/key"}],
    },
}
SECURITY: Final = {
    "name": {"type": "scramSha512", "description": "a name and a password"},
    "key": {"type": "http", "scheme": "bearer", "description": "a key that is good for `reports`"},
}
AS_AN_AGENCY: Final = (
    "As an agency with `kafka = true` in the directory. Its consumer's group is its id, a dot, and whatever it likes: "
    "northmoor-health.feed. What there is to know it asks its feed."
)
AS_IT_IS_SPOKEN: Final = (
    "Each message has one answer: how the call stands, or a problem that costs that message alone. Closed with 1008 "
    "where the key is nobody's, or is revoked by the time of a message, which is not kept then."
)


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
    read: list[type[BaseModel]] = [*kinds, TurnsGiven]
    _, schemas = models_json_schema(
        [*((kind, "validation") for kind in read), (CallStanding, "serialization")], ref_template=REF
    )
    document = AsyncAPI(
        asyncapi="3.0.0",
        info=Info(title="Heard", version="1", description=f"CloudEvents 1.0, binary mode. Unreadable: {DEAD}."),
        defaultContentType="application/json",
        channels={_name(topic): _channel(topic, kind) for topic, (kind, _) in PUBLISHED.items()},
        operations={f"{who}.{_name(topic)}": _operation(topic, kind) for topic, (kind, who) in PUBLISHED.items()},
        components=Components(messages={kind.type_: _message(kind) for kind in kinds}),
    )
    written: dict[str, Any] = document.model_dump(mode="json", by_alias=True, exclude_unset=True)
    components = written["components"]
    components["schemas"] = schemas["$defs"]  # pydantic-asyncapi refuses enums of whole numbers, and much else
    components |= {"securitySchemes": SECURITY, "messageTraits": {"event": {"headers": _headers()}}}
    for message in components["messages"].values():
        message["traits"] = [{"$ref": "#/components/messageTraits/event"}]
    written["servers"] = SERVERS
    for channel in written["channels"].values():
        channel["servers"] = [{"$ref": "#/servers/kafka"}]
    written["channels"]["agency"]["parameters"] = {"agency": {"description": "its id in the directory"}}
    sends = written["operations"]["escalation.agency"]
    written["operations"]["agency.agency"] = sends | {"action": "receive", "description": AS_AN_AGENCY}
    written["channels"][CALL], written["operations"][f"intake.{CALL}"] = _call()
    return written


def _headers() -> dict[str, Any]:
    told = {name: {"type": "string", "description": what} for name, what in HEADERS.items()}
    return {"type": "object", "required": list(REQUIRED), "properties": told}


def _call() -> tuple[dict[str, Any], dict[str, Any]]:
    """The channel of a live call, and what intake does on it."""
    payloads = {name: {"$ref": REF.format(model=kind.__name__)} for name, kind in SPOKEN.items()}
    payloads["problem"] = problem_of({})["content"]["application/problem+json"]["schema"]
    channel = {
        "address": "/v1/calls/{report_id}/turns",
        "parameters": {"report_id": {"description": "as POST /v1/calls answered it"}},
        "servers": [{"$ref": "#/servers/intake"}],
        "messages": {name: {"name": name, "payload": payload} for name, payload in payloads.items()},
    }
    here = f"#/channels/{CALL}"
    turns, standing, problem = ({"$ref": f"{here}/messages/{name}"} for name in payloads)
    answer = {"channel": {"$ref": here}, "messages": [standing, problem]}
    operation = {"action": "receive", "channel": {"$ref": here}, "messages": [turns], "reply": answer}
    return channel, operation | {"description": AS_IT_IS_SPOKEN}


def _name(topic: str) -> str:
    """What its channel is called: it is referred to by that, and no reference may have a brace in it."""
    return topic.partition(".{")[0]


def _channel(topic: str, kind: type[Event]) -> Channel:
    return Channel(address=topic, messages={kind.__name__: Reference(ref=f"#/components/messages/{kind.type_}")})


def _operation(topic: str, kind: type[Event]) -> Operation:
    channel = f"#/channels/{_name(topic)}"
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
