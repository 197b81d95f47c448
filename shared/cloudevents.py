"""CloudEvents 1.0 in Kafka's binary mode: attributes as `ce_` headers, the event itself as the JSON value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from pydantic import ValidationError

from shared.events import Event

EventT = TypeVar("EventT", bound=Event)
Headers = tuple[tuple[str, bytes], ...]

REQUIRED: Final = ("ce_id", "ce_source", "ce_specversion", "ce_type")


class Unreadable(Exception):
    """A message that can never be read, however often it is tried: `reason` says why, without quoting it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Message:
    """What is written to a topic: bytes, ready to be sent as often as need be."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


@dataclass(frozen=True, slots=True)
class Attributes:
    """The CloudEvents attributes that Heard reads."""

    type: str
    time: datetime
    traceparent: str | None


def encode(event: Event, topic: str, source: str, time: datetime, traceparent: str, key: str | None = None) -> Message:
    """Write an event for `topic`; without a `key` it is kept in order with others of its report."""
    attributes = {
        "ce_id": str(event.event_id),
        "ce_source": f"/{source}",
        "ce_specversion": "1.0",
        "ce_type": event.type_,
        "ce_subject": str(event.report_id),
        "ce_time": time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "ce_dataschema": schema_uri(event.type_),
        "ce_traceparent": traceparent,
        "content-type": "application/json",
    }
    headers = tuple((name, value.encode()) for name, value in attributes.items())
    return Message(topic, (key or str(event.report_id)).encode(), event.model_dump_json().encode(), headers)


def schema_uri(type_: str) -> str:
    return f"urn:heard:schema:{type_}"


def attributes(headers: Sequence[tuple[str, bytes]]) -> Attributes:
    """Read the `ce_` headers. Raises Unreadable naming the first that is missing or wrong."""
    try:
        given = {name.lower(): value.decode() for name, value in headers if value is not None}
    except UnicodeDecodeError as error:
        raise Unreadable("a header is not UTF-8") from error
    for name in REQUIRED:
        if not given.get(name):
            raise Unreadable(f"header {name} is missing")
    if given["ce_specversion"] != "1.0":
        raise Unreadable("ce_specversion is not 1.0")
    return Attributes(
        type=given["ce_type"],
        time=_time(given.get("ce_time")),
        traceparent=given.get("ce_traceparent"),
    )


def decode(kind: type[EventT], headers: Sequence[tuple[str, bytes]], value: bytes | None) -> tuple[EventT, Attributes]:
    """Read one event of a known kind. Raises Unreadable for another type, or a value that breaks the contract."""
    about = attributes(headers)
    if about.type != kind.type_:
        raise Unreadable(f"type is not {kind.type_}")
    try:
        return kind.model_validate_json(value or b""), about
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Unreadable(f"{place or 'value'}: {first['type']}") from error


def _time(written: str | None) -> datetime:
    if written is None:
        return datetime.fromtimestamp(0, UTC)
    try:
        return datetime.fromisoformat(written).astimezone(UTC)
    except ValueError as error:
        raise Unreadable("ce_time is not a time") from error
