"""Calls from files: each format from a sample, each from a broken one, and what else comes in from outside."""

import base64
import io
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import webvtt
from fastapi import FastAPI
from typer.testing import CliRunner

from services.intake.cli import app as cli
from services.intake.domain.transcripts.formats import Format, read
from services.intake.domain.transcripts.lines import read_lines
from services.intake.domain.transcripts.spoken import SpeakersUnknown, TranscriptFault, turns_of
from services.intake.domain.transcripts.vcon import written_back
from services.intake.routers.floods import Floods
from services.intake.settings import Settings
from shared.assessment import Evidence
from shared.database import Pool
from shared.events import ReportReceived, turn_at, written_out
from shared.http import MAX_BODY
from shared.told import Speaker, Turn
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
    "whisper-cpp.json": {"0": Speaker.operator, "1": Speaker.caller},
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


@pytest.mark.parametrize("name", ["call.vtt", "call.srt"])
def test_captions_are_cut_into_cues_as_another_reader_does(name: str):
    others = webvtt.from_buffer(io.StringIO((CALLS / name).read_text()), format=name[-3:])
    ours = turns((CALLS / name).read_bytes())
    assert [(c.start_in_seconds, c.end_in_seconds) for c in others] == [
        (int(t.start or 0), int(t.end or 0)) for t in ours
    ]
    assert all(turn.text in cue.raw_text for cue, turn in zip(others, ours, strict=True))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_quote_is_found_in_the_recording(name: str):
    found = turns((CALLS / name).read_bytes(), SAMPLES[name])
    place = turn_at(found, written_out(found).index("stab"))
    assert place is not None
    assert int(found[place].start or 0) == 8
    assert turn_at(found, written_out(found).index("OPERATOR")) is None


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


async def test_calls_over_the_allowance_of_their_key_take_turns(
    app: FastAPI, client: httpx.AsyncClient, settings: Settings, pool: Pool
):
    app.state.floods = Floods(settings.model_copy(update={"requests_a_minute": 2}))
    for n in range(2):
        file = {"file": f"CALLER: He has a knife, {n}.".encode()}
        body = {"turns": [{"speaker": "caller", "text": f"He will kill me, {n}."}]}
        await client.post("/v1/transcripts", json=body, headers=KEY)
        answer = await client.post("/v1/transcripts/files", files=file, headers=KEY)
        assert answer.status_code == 202
    rows = await pool.fetch("select turn, value from outbox order by id")
    turns = [row["turn"] for row in rows]
    assert turns[:2] == [None, None]
    assert turns[2] == turns[3] is not None
    marks = [ReportReceived.model_validate_json(row["value"]).low_trust for row in rows]
    assert marks == [False, False, True, True]


async def test_a_file_without_an_id_sent_twice_is_one_report_and_with_something_else_said_of_it_is_refused(
    client: httpx.AsyncClient, pool: Pool
):
    forms: tuple[dict[str, str], ...] = ({}, {}, {"caller": "01632 960002"})
    file = {"file": b"OPERATOR: Police.\nCALLER: He is outside with a knife."}
    answers = [await client.post("/v1/transcripts/files", files=file, data=form, headers=KEY) for form in forms]
    assert [answer.status_code for answer in answers] == [202, 202, 409]
    assert answers[0].json() == answers[1].json()
    assert await pool.fetchval("select count(*) from report") == 1


async def test_a_file_is_known_by_the_idempotency_key_where_neither_it_nor_who_sends_it_names_the_call(
    client: httpx.AsyncClient, pool: Pool
):
    async def told(file: bytes, key: str, **form: str) -> str:
        headers = KEY | {"Idempotency-Key": key}
        answer = await client.post("/v1/transcripts/files", files={"file": file}, data=form, headers=headers)
        return str(answer.json()["reference"])

    silent, named = b"OPERATOR: Police? Hello?", (CALLS / "turns.json").read_bytes()
    assert await told(silent, "k1") == await told(silent, "k1") != await told(silent, "k2")
    assert await told(named, "k3") == await told(named, "k4")
    assert await told(silent, "k5", call_id="c1") == await told(silent, "k6", call_id="c1")


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


async def test_a_call_sent_again_with_other_words_is_refused_and_kept_as_it_was(client: httpx.AsyncClient, pool: Pool):
    for words, status in (("Help.", 202), ("Help me.", 409)):
        body = {"call_id": "c1", "turns": [{"speaker": "caller", "text": words}]}
        answer = await client.post("/v1/transcripts", json=body, headers=KEY)
        assert answer.status_code == status
    assert "kept as it came first" in answer.json()["detail"]
    assert await pool.fetchval("select count(*) from report") == 1


@pytest.mark.parametrize(
    "more",
    [
        {"answers": {"happening_now": True}},
        {"answers": {"safe_contact": "before noon"}},
        {"place": {"postcode": "ZZ1 4AB"}},
        {"contact": {"phone": "01632 960001"}},
        {"consent": ["housing"]},
        {"line": "999"},
        {"started_at": "2026-03-14T12:00:00Z"},
    ],
    ids=str,
)
async def test_a_call_sent_again_with_something_more_is_refused_and_not_taken_for_the_same(
    client: httpx.AsyncClient, pool: Pool, more: dict[str, Any]
):
    body = {"call_id": "c1", "turns": [{"speaker": "caller", "text": "Help."}]}
    answers = [await client.post("/v1/transcripts", json=one, headers=KEY) for one in (body, body | more, body)]
    assert [answer.status_code for answer in answers] == [202, 409, 202]
    assert "nothing of this was kept" in answers[1].json()["detail"]
    assert answers[0].json() == answers[2].json()


async def test_the_calls_own_id_counts_and_the_idempotency_key_where_there_is_none(
    client: httpx.AsyncClient, pool: Pool
):
    async def told(key: str, **given: str) -> str:
        body = {"turns": [{"speaker": "caller", "text": "Help."}]} | given
        answer = await client.post("/v1/transcripts", json=body, headers=KEY | {"Idempotency-Key": key})
        return str(answer.json()["reference"])

    assert await told("k1", call_id="c1") == await told("k2", call_id="c1")
    assert await told("k1", call_id="c2") != await told("k1", call_id="c1")
    assert await told("k3") == await told("k3")


async def test_an_id_in_a_file_that_no_index_holds_is_refused(client: httpx.AsyncClient, pool: Pool):
    turns = [{"speaker": "caller", "text": "Help."}]
    statuses = []
    for length in (200, 201, 3000):
        file = json.dumps({"call_id": "x" * length, "turns": turns}).encode()
        answer = await client.post("/v1/transcripts/files", files={"file": file}, headers=KEY)
        statuses.append(answer.status_code)
    assert statuses == [202, 422, 422]
    assert "give it a shorter one" in answer.json()["detail"]


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
    "text cut in a time": (b"[0:01] CALLER: Hi\n[0:0", "line 2: the file ends here"),
    "text without words": (b"CALLER:\nOPERATOR:\n", "no words"),
    "vtt with a wrong time": (b"WEBVTT\n\n00:xx.000 --> 00:02.000\nCALLER: Hello", "line 3: this is not a time"),
    "vtt cut in a cue": (b"WEBVTT\n\n00:01.000 --> 00:02.000\nCALLER: Hi\n\n00:03.000 --> 00:04.000", "line 6: .* cut"),
    "vtt cut in a time": (b"WEBVTT\n\n00:01.000 --> 00:02.000\nCALLER: Hi\n\n00:03.0", "line 6: the file ends here"),
    "vtt cut in a name": (b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Call", "line 4: the file ends in this cue"),
    "vtt of cues run together": (
        b"WEBVTT\n\n00:01.000 --> 00:02.000\nCALLER: Hi\n00:03.000 --> 00:04.000\nOPERATOR: Hi",
        "line 5: an empty line is missing",
    ),
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
        json.dumps(VCON | {"dialog": [{"type": "text", "mediatype": "image/png", "body": "iVBOR"}]}).encode(),
        "dialog.0.mediatype",
    ),
    "vcon with a broken body": (
        json.dumps(VCON | {"dialog": [{"type": "text", "encoding": "json", "body": '{"a'}]}).encode(),
        "dialog.0.body: not readable as json",
    ),
    "vcon of words kept elsewhere": (
        json.dumps(VCON | {"dialog": [{"type": "text", "url": "https://example.org/words.txt"}]}).encode(),
        "neither text nor a transcript",
    ),
    "vcon with two transcripts of the same speakers": (
        json.dumps(
            VCON
            | {
                "dialog": [{"type": "recording"}],
                "analysis": [
                    {"type": "transcript", "dialog": 0, "body": f"CALLER: He {word}."} for word in ("is here", "stabs")
                ],
            }
        ).encode(),
        "analysis.1: a second transcript, with the speakers of the first",
    ),
    "vcon of an empty transcript": (
        json.dumps(
            VCON
            | {
                "dialog": [{"type": "recording"}],
                "analysis": [{"type": "transcript", "dialog": 0, "body": body} for body in ("", [], {"segments": []})],
            }
        ).encode(),
        "neither text nor a transcript",
    ),
    "vcon nested without end": (
        json.dumps(VCON | {"dialog": [{"type": "text", "encoding": "json", "body": "[" * 100_000}]}).encode(),
        "dialog.0.body: not readable as json",
    ),
    "a time that never ends": (b'{"turns": [{"speaker": "caller", "text": "Hi", "start": 1e999}]}', "turns.0.start"),
    "a number as long as a book": (b'{"turns": [{"start": ' + b"1" * 5000 + b"}]}", "a number in it is too long"),
    "nested without end": (b"[" * 100_000, "nested too deep|the file ends"),
    "a report too large": (b"CALLER: " + b"a" * 2**20 + b"b", "in parts"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named_with_its_place_and_not_quoted(name: str):
    data, said = BROKEN[name]
    with pytest.raises(TranscriptFault, match=said) as refused:
        read(data)
    assert "stab" not in str(refused.value)


def test_no_lines_have_no_words():
    with pytest.raises(TranscriptFault, match="no words"):
        read_lines("\n")


async def test_a_broken_file_is_a_problem_that_says_where(client: httpx.AsyncClient, pool: Pool):
    answer = await client.post("/v1/transcripts/files", files={"file": cut("whisper.json")}, headers=KEY)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith("line ")
    assert await pool.fetchval("select count(*) from report") == 0


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_cut_anywhere_is_refused_or_read_as_far_as_it_goes(name: str):
    """Never with half a time, a tag or a bare number among the words."""
    data = (CALLS / name).read_bytes()
    for end in range(1, len(data) - 1):
        try:
            spoken = read(data[:end]).spoken
        except TranscriptFault:
            continue
        assert not name.endswith(".json")
        assert not any(re.search(r"-->|<|\n[\[(]", said.text) for said in spoken)
        assert sum(len(said.text) for said in spoken) <= sum(len(words) for _, words in WORDS)


CALL = b"WEBVTT\n\n00:01.000 --> 00:02.000\nCALLER: Hi"
NOTED: dict[str, tuple[bytes, str]] = {
    "no times": (b"CALLER: Hello\nOPERATOR: Hello", "2 of 2 turns have no time"),
    "no caller": (b"OPERATOR: Police? Press 55.", "no words of a caller"),
    "windows-1252": ("CALLER: Caf\xe9 \x80".encode("latin-1"), "read as Windows-1252"),
    "a broken letter": ("CALLER: Café déjà vu\n".encode() + b"\xff", "byte 24 is not UTF-8: 1 letters"),
    "words after an empty line": (
        b"1\n00:00:01,000 --> 00:00:02,000\nCALLER: Hi\n\nthere\n\n2\n00:00:03,000 --> 00:00:04,000\nOPERATOR: Hi\n",
        "line 5: words without a time",
    ),
    "silent cues": (
        b"WEBVTT\n\n00:01.000 --> 00:02.000\n\n00:03.000 --> 00:04.000\nCALLER: Hi\n",
        "1 cues have no words",
    ),
    "a vcon with more in it": (json.dumps(VCON | {"attachments": [{}, {}]}).encode(), "2 attachments were not read"),
    "a comment": (
        CALL + b"\n\nNOTE he has a knife\n",
        "line 6: what is written here as a comment was not read (1 in all)",
    ),
    "words in the header": (
        CALL.replace(b"VTT\n", b"VTT\nCALLER: He has a knife\n"),
        "line 1: what is written here as a comment was not read",
    ),
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


def test_a_name_that_nobody_in_it_has_is_noted():
    _, notes = turns_of(read((CALLS / "amazon.json").read_bytes()), {"spk0": Speaker.caller, "*": Speaker.background})
    assert "nobody in it is called spk0" in notes


LINES: dict[str, list[tuple[str | None, str, float | None]]] = {
    "CALLER: He texted me.\nHe said: I will kill you\nOPERATOR: When?": [
        ("CALLER", "He texted me.\nHe said: I will kill you", None),
        ("OPERATOR", "When?", None),
    ],
    "CALLER: Quick.\nHe is shouting: I will kill you\nMan shouting: Out": [
        ("CALLER", "Quick.\nHe is shouting: I will kill you", None),
        ("Man shouting", "Out", None),
    ],
    "[0:01] CALLER: Hello\n[0:05] yes?": [("CALLER", "Hello", 1), (None, "yes?", 5)],
    "- CALLER: Hello\n- OPERATOR: Police": [("CALLER", "Hello", None), ("OPERATOR", "Police", None)],
    "CALLER (00:02): Hello\nOPERATOR [0:04]: Police": [("CALLER", "Hello", 2), ("OPERATOR", "Police", 4)],
    "Caller  0:02\nHello\n\nOperator  0:05\nPolice": [("Caller", "Hello", 2), ("Operator", "Police", 5)],
    "[00:00:02 --> 00:00:04] [SPEAKER_00]: Hello": [("SPEAKER_00", "Hello", 2)],
    "**Caller:** Hello\nMr Said: Police": [("Caller", "Hello", None), ("Mr Said", "Police", None)],
    "CALLER: It was\n10:30 at night": [("CALLER", "It was\n10:30 at night", None)],
}


@pytest.mark.parametrize("text", LINES)
def test_lines_as_people_write_them(text: str):
    assert [(said.speaker, said.text, said.start) for said in read(text.encode()).spoken] == LINES[text]


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


async def test_an_hour_word_by_word_is_taken_as_a_file(client: httpx.AsyncClient, pool: Pool):
    item = {"type": "pronunciation", "alternatives": [{"confidence": "0.99", "content": "again"}]}
    items = [
        item
        | {"start_time": f"{n * 0.4:.3f}", "end_time": f"{n * 0.4 + 0.3:.3f}", "speaker_label": f"spk_{n // 9 % 2}"}
        for n in range(9_000)
    ]
    whole = {"status": "COMPLETED", "results": {"items": items}}
    form = {"speakers": json.dumps({"spk_0": "caller", "spk_1": "operator"})}
    file = {"file": json.dumps(whole).encode()}
    assert len(file["file"]) > MAX_BODY
    answer = await client.post("/v1/transcripts/files", files=file, data=form, headers=KEY)
    assert answer.status_code == 202, answer.text
    report = ReportReceived.model_validate_json(await pool.fetchval("select event from report"))
    assert (len(report.turns), report.turns[-1].end) == (1_000, 3_599.9)


@pytest.mark.parametrize("second", [b"<v Caller>Help", b"CALLER: Help", b"- CALLER: Help"])
def test_a_cue_of_two_voices_is_two_turns(second: bytes):
    first = second.replace(b"Caller", b"Operator").replace(b"CALLER", b"OPERATOR").replace(b"Help", b"Hello")
    data = b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + first + b"\n" + second + b"\n"
    assert [(turn.speaker, turn.text) for turn in turns(data)] == [
        (Speaker.operator, "Hello"),
        (Speaker.caller, "Help"),
    ]


def test_what_a_caption_writes_otherwise_is_read_as_it_was_said():
    data = b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v.loud Caller><i>He</i> said &lt;this&gt; &amp; <inaudible></v>\n"
    assert turns(data)[0].text == "He said <this> & <inaudible>"
    assert turns(data.replace(b"&lt;", b"&#" + b"9" * 5_000 + b";"))[0].text == "He said \ufffdthis> & <inaudible>"


@pytest.mark.parametrize(
    "cues",
    [
        "WEBVTT\n{}",
        "WEBVTT\nKind: captions\n{}",
        "WEBVTT\n\nNOTE 1\n{}",
        "WEBVTT\n\nNOTE a comment\nof two lines\n{}",
        "WEBVTT\n\n00:00.000 --> 00:00.500\n<v Caller>He has\n\nSTYLE and a knife\n\n{}",
    ],
)
def test_no_words_of_a_caption_are_taken_for_a_header_or_a_comment(cues: str):
    found = turns(cues.format("00:01.000 --> 00:02.000\n<v Caller>a knife\n").encode())
    assert " ".join(turn.text for turn in found).endswith("a knife")
    assert len(found) == cues.count("-->") + 1
    assert found[0].text in ("a knife", "He has\nSTYLE and a knife")


def test_words_in_angle_brackets_are_no_markup():
    said = "he said <i am going to kill you> and <s.o. else> and <u r dead> <c'mon> <lang he has a knife>"
    markup = "<i>one</i> <b.loud>two</b> <lang en-GB>three</lang> <font color='red'>four</font> <00:01.500>five"
    data = f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Caller>{said}\n{markup}"
    assert turns(data.encode())[0].text == f"{said}\none two three four five"


@pytest.mark.parametrize("said_of", [{"dialog": 0}, {}, {"dialog": [0]}])
def test_a_vcon_with_a_transcript_for_each_channel_has_every_one_of_them(said_of: dict[str, Any]):
    def channel(speaker: str, vendor: str, *said: tuple[float, str]) -> dict[str, Any]:
        body = [{"speaker": speaker, "text": text, "start": start} for start, text in said]
        return {"type": "transcript", "vendor": vendor, "encoding": "json", "body": json.dumps(body)} | said_of

    operator = channel("1", "a", (0, "Police"), (4, "Where are you?"))
    silent = channel("2", "a") | {"body": "[]"}
    caller, again = channel("0", "a", (2, "He has a knife")), channel("A", "b", (2, "He has a life"))
    document = VCON | {"dialog": [{"type": "recording"}], "analysis": [operator, silent, caller, again]}
    found = read(json.dumps(document).encode())
    assert [said.text for said in found.spoken] == ["Police", "He has a knife", "Where are you?"]
    assert found.notes == (
        "analysis.1: a transcript without words",
        "analysis.3: a second transcript of the same words was not read",
    )


def test_a_vcon_of_channels_without_times_has_one_after_the_other():
    analysis = [{"type": "transcript", "body": words} for words in ("OPERATOR: Police?", "[0:02] CALLER: A knife")]
    found = read(json.dumps(VCON | {"dialog": [], "analysis": analysis}).encode())
    assert [said.text for said in found.spoken] == ["Police?", "A knife"]


def test_a_vcon_of_a_message_and_two_recordings_is_read_whole():
    def recording(minute: int) -> dict[str, Any]:
        return {"type": "recording", "start": f"2026-03-14T22:{minute}:00Z", "parties": [0, 1]}

    def transcript(dialog: int, words: str) -> dict[str, Any]:
        said = [{"speaker": "0", "text": words, "start": 2.0}]
        return {"type": "transcript", "dialog": dialog, "encoding": "json", "body": json.dumps(said)}

    message = {"type": "text", "start": "2026-03-14T22:41:00Z", "parties": 0, "body": "I cannot talk"}
    dialog = [message, recording(42), recording(50), recording(55)]
    analysis = [transcript(2, "Come now"), transcript(1, "He is here"), transcript(1, "He's here") | {"vendor": "b"}]
    found = read(json.dumps(VCON | {"dialog": dialog, "analysis": analysis}).encode())
    assert [(said.text, said.start) for said in found.spoken] == [
        ("I cannot talk", 0),
        ("He is here", 62),
        ("Come now", 542),
    ]
    assert found.notes == (
        "analysis.2: a second transcript of the same words was not read",
        "dialog.3 (recording) was not read",
    )


def test_what_cannot_be_kept_is_marked_in_its_place():
    assert turns(b'{"turns": [{"speaker": "caller", "text": "a\\u0000b\\ud800c"}]}')[0].text == "a\ufffdb\ufffdc"


async def test_a_time_of_nowhere_is_named(client: httpx.AsyncClient):
    form, file = {"started_at": "2026-03-14T22:41:00"}, {"file": b"CALLER: Hello"}
    answer = await client.post("/v1/transcripts/files", files=file, data=form, headers=KEY)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "started_at")


async def test_a_transcript_is_looked_at_without_being_kept(client: httpx.AsyncClient, pool: Pool):
    body: dict[str, Any] = {"text": (CALLS / "whisper.json").read_text()}
    asked = (await client.post("/v1/transcripts/read", json=body, headers=KEY)).json()
    assert (asked["turns"], asked["ask"]) == ([], {"SPEAKER_00": 2, "SPEAKER_01": 2})
    body["speakers"] = SAMPLES["whisper.json"]
    found = (await client.post("/v1/transcripts/read", json=body, headers=KEY)).json()
    assert [(turn["speaker"], turn["text"]) for turn in found["turns"]] == WORDS
    assert (await client.post("/v1/transcripts/read", json={"text": "WEBVTT"}, headers=KEY)).status_code == 422
    assert (await client.post("/v1/transcripts/read", json=body)).status_code == 401
    assert await pool.fetchval("select count(*) from report") == 0


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
    data = (CALLS / "vcon-dialog.json").read_bytes()
    quote = Evidence(fact="F7.explicit", rule="r", start=158, end=166, quote="stab me.")
    read_as = assessment(evidence=(quote, Evidence(fact="F2", rule="r", origin="answer", quote="scared")))
    back = written_back(VCON, "H-4K7QX-9M2TB", turns(data), read_as, NOON)
    assert {name: back[name] for name in VCON if name != "analysis"} == {
        name: VCON[name] for name in VCON if name != "analysis"
    }
    (report,) = back["analysis"]
    assert (report["type"], report["vendor"], report["dialog"]) == ("report", "heard", [0, 1, 2, 3])
    body = json.loads(report["body"])
    assert body["primary"] == "asb"
    assert [shown["seconds"] for shown in body["evidence"]] == [8, None]


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


CUE = "WEBVTT\n\n00:01.000 --> 00:02.000\nHelp. "
START = "2026-03-14T22:42:00Z"
LONG: dict[str, Callable[[], str]] = {
    "lines of nobody named": lambda: "CALLER: Help.\n" + f"{'He is here. ' * 8}\n" * 60_000,
    "spaces after a name": lambda: f"CALLER{' ' * 5_000_000}Help.",
    "voices that do not end": lambda: CUE + "<v " * 100_000,
    "classes of voices that do not end": lambda: CUE + "<v." * 100_000,
    "a voice of spaces": lambda: CUE + "<v" + " " * 100_000,
    "tags that do not end": lambda: CUE + "<c " * 100_000,
    "words of one speaker": lambda: json.dumps(
        {"results": {"items": [{"type": "pronunciation", "alternatives": [{"content": "again" * 400}]}] * 15_000}}
    ),
    "dialogs of a vCon": lambda: json.dumps(
        VCON | {"dialog": [{"type": "text", "start": START, "parties": 0, "body": "Help."}] * 10_000}
    ),
    "transcripts in a vCon": lambda: json.dumps(
        VCON
        | {"dialog": [{"type": "recording"}] * 10_000, "analysis": [{"type": "transcript", "body": "Help."}] * 10_000}
    ),
    "channels in a vCon": lambda: json.dumps(
        VCON | {"analysis": [{"type": "transcript", "dialog": 9, "body": f"Voice {n}: Help."} for n in range(10_000)]}
    ),
    "a font that does not end": lambda: CUE + "<font a" + "=" * 100_000,
    "names": lambda: "".join(f"Voice {n}: Hello\n" for n in range(20_000)),
}


@pytest.mark.parametrize("name", LONG)
def test_however_a_long_file_is_made_it_is_read_in_seconds(name: str):
    data, before = LONG[name]().encode(), time.process_time()
    with suppress(TranscriptFault, SpeakersUnknown):
        turns(data)
    assert time.process_time() - before < 6
