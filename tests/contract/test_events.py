"""Every version of every event, as golden JSON: what was once published can always be read.

Whoever adds a field to an event puts what its golden file was as a line of `.before.jsonl` beside it.
"""

import json
from pathlib import Path
from uuid import UUID

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from shared.cloudevents import Unreadable, attributes, decode, encode
from shared.events import (
    Event,
    FileGiven,
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
from tests.builders import NOON, report

GOLDEN = Path(__file__).parent / "golden"
KINDS: dict[str, type[Event]] = {
    kind.type_: kind
    for kind in (
        ReportReceived,
        ReportClassified,
        ReportRouted,
        ReportLinked,
        ReportAmended,
        ReportErased,
        ReportOverridden,
        LinkDisputed,
        FileGiven,
        ReportDelivered,
        ReportProgressed,
    )
}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_what_was_published_is_read_and_written_the_same(file: Path):
    event = KINDS[file.stem].model_validate_json(file.read_bytes())
    assert json.loads(event.model_dump_json()) == json.loads(file.read_text())


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.before.jsonl")), ids=lambda file: file.stem)
def test_what_was_published_in_an_older_form_can_be_read(file: Path):
    for line in file.read_text().splitlines():
        KINDS[file.name.removesuffix(".before.jsonl")].model_validate_json(line)


def test_every_type_has_its_golden_file():
    assert {file.stem for file in GOLDEN.glob("*.json")} == set(KINDS)


@pytest.mark.parametrize("type_", KINDS)
def test_a_field_that_we_do_not_know_is_passed_over(type_: str):
    known = json.loads((GOLDEN / f"{type_}.json").read_text())
    assert KINDS[type_].model_validate(known | {"added_later": 1}) == KINDS[type_].model_validate(known)


def test_an_event_id_is_the_same_however_often_it_is_made():
    told = report(report_id=UUID(int=7))
    assert told.event_id == report(report_id=UUID(int=7), text="other words").event_id
    assert told.event_id != told.model_copy(update={"revision": 2}).event_id


def message() -> tuple[ReportReceived, dict[str, bytes], bytes]:
    told = report(text="🔪 outside")
    written = encode(told, "reports.received", "intake", NOON, TRACE)
    return told, dict(written.headers), written.value


def test_an_event_comes_back_as_it_was_sent():
    told, headers, value = message()
    event, about = decode(ReportReceived, list(headers.items()), value)
    assert event == told
    assert (about.type, about.time, about.traceparent) == (told.type_, NOON, TRACE)


def test_the_cloudevents_sdk_reads_ours():
    told, headers, value = message()
    event = from_binary(KafkaMessage(headers=headers, key=None, value=value), JSONFormat())
    assert event.get_id() == str(told.event_id)
    assert event.get_type() == "heard.report.received.v1"
    assert event.get_subject() == str(told.report_id)
    assert event.get_time() == NOON


@pytest.mark.parametrize("missing", ["ce_id", "ce_source", "ce_specversion", "ce_type"])
def test_a_missing_attribute_is_named(missing: str):
    _, headers, _ = message()
    del headers[missing]
    with pytest.raises(Unreadable, match=missing):
        attributes(list(headers.items()))


@pytest.mark.parametrize(
    ("change", "value", "reason"),
    [
        ({"ce_type": b"heard.other.v1"}, None, "type is not"),
        ({"ce_specversion": b"0.3"}, None, "specversion"),
        ({"ce_time": b"yesterday"}, None, "ce_time"),
        ({"ce_id": b"\xff"}, None, "UTF-8"),
        ({}, b"{", "value"),
        ({}, b"{}", "report_id: missing"),
        ({}, b"", "value"),
        ({}, f'{{"report_id": "{UUID(int=1)}", "revision": {2**31}}}'.encode(), "revision: less_than"),
    ],
)
def test_what_breaks_the_contract_is_unreadable_and_is_not_quoted(
    change: dict[str, bytes], value: bytes | None, reason: str
):
    _, headers, good = message()
    with pytest.raises(Unreadable, match=reason) as refused:
        decode(ReportReceived, list((headers | change).items()), good if value is None else value)
    assert "outside" not in refused.value.reason
