"""Calls from files: each format from a sample, each from a broken one, and what else comes in from outside."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from services.intake.cli import app as cli
from services.intake.domain.transcripts.formats import Format, read
from services.intake.domain.transcripts.spoken import SpeakersUnknown, TranscriptFault, turns_of
from services.intake.domain.transcripts.vcon import written_back
from shared.database import Pool
from shared.events import ReportReceived, Speaker, Turn
from tests.builders import NOON, assessment
from tests.intake.conftest import TELEPHONY_KEY

CALLS = Path(__file__).parents[1] / "data" / "calls"
KEY = {"Authorization": f"Bearer {TELEPHONY_KEY}"}
SAMPLES: dict[str, dict[str, Speaker]] = {
    "turns.json": {},
    "turns.txt": {},
    "call.vtt": {},
    "call.srt": {},
    "whisper.json": {"SPEAKER_00": Speaker.operator, "SPEAKER_01": Speaker.caller},
    "amazon.json": {"spk_0": Speaker.operator, "spk_1": Speaker.caller},
    "amazon-call.json": {},
    "vcon-dialog.json": {},
    "vcon-transcript.json": {},
}
WORDS = [
    (Speaker.operator, "Police, what's happening?"),
    (Speaker.caller, "It's my ex, Kieran. He is outside my door again."),
    (Speaker.operator, "Has he got anything with him?"),
    (Speaker.caller, "He said he would stab me."),
]


def turns(data: bytes, speakers: dict[str, Speaker] | None = None) -> tuple[Turn, ...]:
    return turns_of(read(data), speakers or {})[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_gives_the_same_call(name: str):
    found = turns((CALLS / name).read_bytes(), SAMPLES[name])
    assert [(turn.speaker, turn.text) for turn in found] == WORDS
    assert [int(turn.start or 0) for turn in found] == [0, 2, 6, 8]


@pytest.mark.parametrize("name", SAMPLES)
async def test_every_format_becomes_a_report(client: httpx.AsyncClient, pool: Pool, name: str):
    form = {"speakers": json.dumps(SAMPLES[name]), "line": "999", "postcode": "ZZ1 4AB", "caller": "01632 960002"}
    answer = await client.post(
        "/v1/transcripts/files", files={"file": (CALLS / name).read_bytes()}, data=form, headers=KEY
    )
    assert answer.status_code == 202, answer.text
    report = ReportReceived.model_validate_json(
        await pool.fetchval("select value from outbox where topic like 'reports.received%' order by revision desc")
    )
    assert report.text.endswith("CALLER: He said he would stab me.")
    assert report.lane == "urgent"
    assert report.call is not None
    assert report.call.line == "999"
    assert report.contact is not None


async def test_a_call_sent_twice_is_one_report(client: httpx.AsyncClient, pool: Pool):
    for _ in range(2):
        file = {"file": (CALLS / "turns.json").read_bytes()}
        answer = await client.post("/v1/transcripts/files", files=file, headers=KEY)
        assert answer.status_code == 202
    assert await pool.fetchval("select count(*) from report") == 1


async def test_two_silent_calls_without_an_id_are_two_reports(client: httpx.AsyncClient, pool: Pool):
    for _ in range(2):
        await client.post("/v1/transcripts/files", files={"file": b"OPERATOR: Police? Hello?"}, headers=KEY)
    assert await pool.fetchval("select count(*) from report") == 2


async def test_who_is_who_is_asked_for_and_never_guessed(client: httpx.AsyncClient, pool: Pool):
    file = {"file": (CALLS / "whisper.json").read_bytes()}
    answer = await client.post("/v1/transcripts/files", files=file, headers=KEY)
    assert answer.status_code == 422
    assert "SPEAKER_00 (2), SPEAKER_01 (2)" in answer.json()["detail"]
    assert "stab" not in answer.text
    assert await pool.fetchval("select count(*) from report") == 0


def cut(name: str, at: float = 0.6) -> bytes:
    whole = (CALLS / name).read_bytes()
    return whole[: int(len(whole) * at)]


def edited(name: str, **change: Any) -> bytes:
    return json.dumps(json.loads((CALLS / name).read_text()) | change).encode()


VCON = json.loads((CALLS / "vcon-dialog.json").read_text())
BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b" \n", "line 1: the file is empty"),
    "a recording": (b"RIFF\x00\x00WAVE", "byte 4: this is not text"),
    "json cut in the middle": (cut("turns.json"), "line 17.*the file ends here"),
    "json mistyped": (b'{"turns": [}', "line 1, column 12: not JSON"),
    "json of something else": (b'{"name": "Jo"}', "not a transcript that we know"),
    "turns without words": (b'{"turns": [{"speaker": "caller"}]}', "turns.0.text"),
    "turns of nobody": (b'{"turns": []}', "turns"),
    "text without words": (b"CALLER:\nOPERATOR:\n", "no words"),
    "vtt without its head": (b"00:01.000 --> 00:02.000\nHello", "line 1|not readable"),
    "vtt with a wrong time": (b"WEBVTT\n\n00:xx.000 --> 00:02.000\nCALLER: Hello", "line 3: this is not a time"),
    "vtt cut in a cue": (b"WEBVTT\n\n00:01.000 --> 00:02.000\nCALLER: Hi\n\n00:03.000 --> 00:04.000", "line 6: .* cut"),
    "vtt without cues": (b"WEBVTT\n\n", "no cue"),
    "srt with a wrong time": (b"1\n00:00:01,000 --> 00:00:2\nCALLER: Hi\n", "line 2: this is not a time"),
    "whisper without segments": (b'{"segments": [], "text": "Hi"}', "segments"),
    "amazon not finished": (edited("amazon.json", status="IN_PROGRESS"), "status: the job is IN_PROGRESS"),
    "amazon without words": (edited("amazon.json", results={"items": []}), "results.items"),
    "amazon call cut": (cut("amazon-call.json"), "the file ends here|not JSON"),
    "vcon encrypted": (b'{"ciphertext": "x", "protected": "y"}', "ciphertext: this vCon is encrypted"),
    "vcon signed and cut": (b'{"payload": "eyJ2", "signatures": []}', "payload: what was signed is not readable"),
    "vcon of a recording": (json.dumps(VCON | {"dialog": [{"type": "recording"}]}).encode(), "Have the recording"),
    "vcon with a picture": (
        json.dumps(VCON | {"dialog": [{"type": "text", "mediatype": "image/png"}]}).encode(),
        "dialog.0.mediatype",
    ),
    "vcon with a broken body": (
        json.dumps(VCON | {"dialog": [{"type": "text", "encoding": "json", "body": '{"a'}]}).encode(),
        "dialog.0.body: not readable as json",
    ),
    "nested without end": (b"[" * 100_000, "nested too deep|the file ends"),
    "a report too large": (b"CALLER: " + b"a" * 2**20 + b"b", "in parts"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named_with_its_place_and_not_quoted(name: str):
    data, said = BROKEN[name]
    with pytest.raises(TranscriptFault, match=said) as refused:
        read(data)
    assert "stab" not in str(refused.value)


async def test_a_broken_file_is_a_problem_that_says_where(client: httpx.AsyncClient, pool: Pool):
    answer = await client.post("/v1/transcripts/files", files={"file": cut("whisper.json")}, headers=KEY)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("line ")
    assert await pool.fetchval("select count(*) from report") == 0


NOTED: dict[str, tuple[bytes, str]] = {
    "no times": (b"CALLER: Hello\nOPERATOR: Hello", "2 of 2 turns have no time"),
    "no caller": (b"OPERATOR: Police? Press 55.", "no words of a caller"),
    "windows-1252": ("CALLER: Caf\xe9 \x80".encode("latin-1"), "read as Windows-1252"),
    "silent turns": (b"[0:01] CALLER: Hello\n[0:02] OPERATOR:", "1 turns have no words"),
    "another language": (b'{"language": "cy", "segments": [{"text": "Helo", "speaker": "caller", "start": 1}]}', "cy"),
    "signed": (
        json.dumps(
            {"payload": base64.urlsafe_b64encode(json.dumps(VCON).encode()).decode(), "signatures": []}
        ).encode(),
        "signature was not checked",
    ),
}


@pytest.mark.parametrize("name", NOTED)
def test_what_could_be_read_is_kept_with_a_note(name: str):
    data, said = NOTED[name]
    found, notes = turns_of(read(data), {})
    assert found
    assert any(said in note for note in notes)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_other_encodings_are_read_as_they_say(encoding: str):
    assert turns("CALLER: He sent me 🔪".encode(encoding))[0].text == "He sent me 🔪"


def test_forty_speakers_are_all_asked_for_and_the_rest_may_be_named_at_once():
    data = "\n".join(f"Voice {n}: Hello" for n in range(40)).encode()
    with pytest.raises(SpeakersUnknown, match="Voice 39"):
        turns(data)
    found = turns(data, {"Voice 0": Speaker.operator, "Voice 1": Speaker.caller, "*": Speaker.background})
    assert [turn.speaker for turn in found].count(Speaker.background) == 38


def test_words_of_nobody_named_are_asked_for_too():
    with pytest.raises(SpeakersUnknown, match=r"nobody named \(1\)"):
        turns(b"Hello? Is anybody there?")
    assert turns(b"Hello?", {"*": Speaker.caller})[0].speaker is Speaker.caller


def test_ten_hours_are_read():
    lines = [
        f"[{n // 360}:{n // 6 % 60:02}:{n % 6 * 10:02}] CALLER: It goes on and on, number {n}." for n in range(3600)
    ]
    found = turns("\n".join(lines).encode())
    assert (len(found), found[-1].start) == (3600, 35990)


def test_a_cue_of_two_voices_is_two_turns():
    data = b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Operator>Hello\n<v Caller>Help\n"
    assert [turn.speaker for turn in turns(data)] == [Speaker.operator, Speaker.caller]


def test_channels_of_amazon_are_put_in_the_order_spoken():
    def word(content: str, at: str) -> dict[str, Any]:
        return {"type": "pronunciation", "start_time": at, "end_time": at, "alternatives": [{"content": content}]}

    channels = [
        {"channel_label": "ch_0", "items": [word("Police", "0.0"), word("Where", "4.0")]},
        {"channel_label": "ch_1", "items": [word("Help", "2.0")]},
    ]
    results = {"items": [word("Police", "0.0")], "channel_labels": {"channels": channels}}
    found = turns(json.dumps({"results": results}).encode(), {"ch_0": Speaker.operator, "ch_1": Speaker.caller})
    assert [turn.text for turn in found] == ["Police", "Help", "Where"]


def test_our_reading_is_written_back_into_the_vcon_and_nothing_else_is_touched():
    back = written_back(VCON, "H-4K7QX-9M2TB", assessment(), NOON)
    assert {name: back[name] for name in VCON if name != "analysis"} == {
        name: VCON[name] for name in VCON if name != "analysis"
    }
    (report,) = back["analysis"]
    assert (report["type"], report["vendor"], report["dialog"]) == ("report", "heard", [0, 1, 2, 3])
    assert json.loads(report["body"])["primary"] == "asb"


def test_the_format_may_be_said():
    assert read((CALLS / "call.srt").read_bytes(), Format.srt).spoken
    with pytest.raises(TranscriptFault):
        read((CALLS / "call.srt").read_bytes(), Format.webvtt)


def test_the_command_takes_what_it_can_and_names_what_it_cannot(
    intake_url: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name, value in (("DATABASE", intake_url), ("KAFKA", "none:1"), ("SECRET", "s" * 32)):
        monkeypatch.setenv(f"HEARD_INTAKE_{name}", value)
    broken = tmp_path / "broken.json"
    broken.write_bytes(cut("turns.json"))
    done = CliRunner().invoke(cli, ["transcript", str(CALLS / "turns.txt"), str(broken)])
    assert done.exit_code == 1
    assert "turns.txt: H-" in done.output
    assert "broken.json: line 17" in done.output
