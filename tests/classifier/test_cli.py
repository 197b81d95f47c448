"""The command line: one line out for each in, and figures that can be checked by hand."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.classifier.evaluation import Rate, evaluate
from services.classifier.rulebook import DEFAULT
from services.cli import app
from shared.command import AskedWrongly
from shared.screen import THREAT_RULES

GOLD = {
    "primary": "harassment",
    "labels": ["harassment"],
    "acceptable_primary": ["harassment", "asb"],
    "repetition": "repeated",
    "strands": [],
    "threat": "explicit",
    "acceptable_threat": ["explicit"],
    "online": False,
    "effect": True,
    "behaviours": ["H7"],
    "happening_now": False,
}
SAID = {**GOLD, "id": "D-1", "effect": ["scared"]}
NEEDED = {"id", "primary", "labels", "repetition", "strands", "threat", "online", "behaviours", "evidence", "rulebook"}


def test_classify_writes_a_line_for_each_report_in_order(tmp_path):
    file = tmp_path / "reports.jsonl"
    rows = [{"id": f"T-{n}", "channel": "web", "text": text} for n, text in enumerate(["he hits me every day", "ta"])]
    file.write_text("\n".join(json.dumps(row) for row in rows))
    written = [json.loads(line) for line in CliRunner().invoke(app, ["classify", str(file)]).stdout.splitlines()]
    assert [row["id"] for row in written] == ["T-0", "T-1"]
    assert written[0].keys() >= NEEDED


def test_a_line_of_a_report_is_no_line_of_the_file(tmp_path):
    file = tmp_path / "reports.jsonl"
    file.write_text(json.dumps({"id": "T-1", "text": "he hits me\u2028every day\x85at home"}, ensure_ascii=False))
    assert json.loads(CliRunner().invoke(app, ["classify", "--first", str(file)]).stdout)["primary"] == "harassment"


def test_classify_reads_standard_input():
    given = json.dumps({"id": "T-1", "text": "hello"})
    assert json.loads(CliRunner().invoke(app, ["classify", "-"], input=given).stdout)["primary"] == "other"


def test_a_call_that_dropped_in_the_middle_of_a_threat_is_read_as_such():
    told = {"id": "T-1", "channel": "phone", "text": "CALLER: he says he'll kill me and"}
    cut = {**told, "call": {"line": "999", "state": "dropped"}}
    given = "\n".join(map(json.dumps, [told, cut]))
    read = CliRunner().invoke(app, ["classify", "--first", "-"], input=given).stdout.splitlines()
    assert [json.loads(line)["danger_class"] for line in read] == [2, 1]


def test_a_line_that_is_nested_without_end_is_refused_with_its_place():
    given = '{"id": "T-1", "text": "hello", "place": ' + "[" * 100_000
    with pytest.raises(AskedWrongly, match="-:1: "):
        CliRunner().invoke(app, ["classify", "--first", "-"], input=given, catch_exceptions=False)


def test_a_gold_that_lacks_a_key_is_refused_with_its_line():
    row = {"id": "T-1", "text": "he hits me", "gold": GOLD}
    partial = {**row, "gold": {key: told for key, told in GOLD.items() if key != "online"}}
    given = "\n".join(map(json.dumps, [row, partial]))
    result = CliRunner().invoke(app, ["evaluate", "--first", "-"], input=given)
    assert isinstance(result.exception, AskedWrongly)
    assert str(result.exception) == "-:2: a report is one JSON object a line, and this has no gold.online"


def test_rulebook_check_passes():
    assert CliRunner().invoke(app, ["rulebook", "check"]).exit_code == 0


def test_rulebook_check_names_a_hit_that_is_missed_and_a_miss_that_is_hit(tmp_path: Path):
    changes = {
        "misses its hit: hello there": ("she screamed at my lad that they'd stab him", "hello there"),
        "hits its miss: she said she'd shoot us": (
            "my mates all said they'd kill for a ticket",
            "she said she'd shoot us",
        ),
    }
    for number, (wrong, (old, new)) in enumerate(changes.items()):
        folder = changed_rulebook(tmp_path / str(number), "threat.toml", old, new)
        found = CliRunner().invoke(app, ["rulebook", "check", "--rulebook", folder])
        assert found.exit_code == 1
        assert f"F7.explicit.said_to_kill {wrong}" in found.stdout


@pytest.fixture
def reports(tmp_path: Path) -> str:
    stalked = "my ex follows me every day and put a tracker on my car, I am scared"
    told = ["he said he'll stab me", "music until four every night", stalked]
    file = tmp_path / "reports.jsonl"
    file.write_text("\n".join(json.dumps({"id": f"T-{n}", "text": text}) for n, text in enumerate(told)))
    return str(file)


def changed_rulebook(folder: Path, name: str, old: str, new: str) -> str:
    folder.mkdir()
    for source in (*DEFAULT.glob("*.toml"), THREAT_RULES):
        text = source.read_text()
        (folder / source.name).write_text(text.replace(old, new) if source.name == name else text)
    return str(folder)


def test_replay_shows_what_a_changed_rulebook_would_say_otherwise(tmp_path: Path, reports: str):
    louder = changed_rulebook(tmp_path / "rules", "asb.toml", 'fact = "A3"', 'fact = "A9"')
    result = CliRunner().invoke(app, ["replay", "--first", "--rulebook", louder, reports])
    assert 'T-1 behaviours: ["A3"] -> ["A9"]' in result.stdout
    assert "1 of 3 reports read otherwise, 0 put later in the queue" in result.stdout
    assert result.exit_code == 0


def test_replay_fails_where_a_report_would_be_put_later_in_the_queue(tmp_path: Path, reports: str):
    blind = changed_rulebook(tmp_path / "rules", "labels.toml", 'label = "stalking"', 'label = "harassment"')
    result = CliRunner().invoke(app, ["replay", "--first", "--rulebook", blind, reports])
    assert "LATER T-2 danger_class: 3 -> 4" in result.stdout
    assert "1 of 3 reports read otherwise, 1 put later in the queue" in result.stdout
    assert result.exit_code == 1


def test_replay_shows_what_other_rules_for_threats_would_miss(tmp_path: Path, reports: str):
    deaf = changed_rulebook(tmp_path / "rules", "threat.toml", "stab", "tickle")
    result = CliRunner().invoke(app, ["replay", "--first", "--rulebook", deaf, reports])
    assert "LATER T-0 danger_class: 2 -> " in result.stdout
    assert result.exit_code == 1


def test_replay_of_the_rules_in_force_finds_nothing(reports: str):
    result = CliRunner().invoke(app, ["replay", "--first", "--rulebook", str(DEFAULT), reports])
    assert result.stdout == "0 of 3 reports read otherwise, 0 put later in the queue\n"


def test_rulebook_due_lists_what_a_person_must_check():
    result = CliRunner().invoke(app, ["rulebook", "due"])
    assert "paladin: never checked" in result.stdout
    assert "national_stalking_helpline" not in result.stdout or result.exit_code == 1


def test_all_right_is_all_ones():
    result = evaluate([(SAID, GOLD)])
    assert result.errors == []
    assert result.rates["urgent recall"] == Rate(1, 1)


def test_an_acceptable_primary_is_fair_and_not_strict():
    result = evaluate([({**SAID, "primary": "asb"}, GOLD)])
    assert (result.rates["primary strict"].right, result.rates["primary fair"].right) == (0, 1)


def test_an_error_names_the_fact_that_went_wrong():
    result = evaluate([({**SAID, "threat": "none"}, GOLD)])
    assert result.errors == [("D-1", "threat: gold explicit, said none")]
    assert result.rates["urgent recall"] == Rate(0, 1)


def test_urgent_precision_forgives_where_gold_accepts_urgent():
    gold = {**GOLD, "threat": "implied", "acceptable_threat": ["implied", "explicit"]}
    assert evaluate([(SAID, gold)]).rates["urgent precision"] == Rate(1, 1)


@pytest.mark.parametrize(("right", "total", "low"), [(10, 10, 0.722), (0, 0, 0.0), (95, 100, 0.888)])
def test_wilson_interval(right, total, low):
    assert Rate(right, total).interval[0] == pytest.approx(low, abs=0.001)


def test_a_pair_is_right_where_both_of_its_reports_are():
    of_a_pair = {**GOLD, "pair": "1"}
    right, wrong = (SAID, of_a_pair), ({**SAID, "threat": "imminent"}, {**of_a_pair, "threat": "none"})
    assert evaluate([right, right, (SAID, GOLD)]).rates["pairs"] == Rate(1, 1)
    assert evaluate([right, wrong]).rates["pairs"] == Rate(0, 1)


@pytest.mark.parametrize(
    ("name", "written", "why"),
    [
        ("readme.md", "", "no rules in it"),
        ("a.toml", "zz = [", r"a\.toml: not TOML: "),
        ("a.toml", '[[rule]]\nid = "x"\n', r"a\.toml: rule\.0\.fact: Field required"),
    ],
)
@pytest.mark.parametrize("command", [["rulebook", "check"], ["replay", "--first"]])
def test_a_folder_that_is_no_rulebook_is_refused_with_the_place(
    tmp_path: Path, reports: str, command: list[str], name: str, written: str, why: str
):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / name).write_text(written)
    asked = [*command, "--rulebook", str(tmp_path / "rules"), *([] if "check" in command else [reports])]
    with pytest.raises(AskedWrongly, match=why):
        CliRunner().invoke(app, asked, catch_exceptions=False)


def test_a_file_without_reports_is_not_evaluated_as_right(tmp_path: Path):
    (tmp_path / "none.jsonl").write_text("\n")
    with pytest.raises(AskedWrongly, match="no reports in it"):
        CliRunner().invoke(app, ["evaluate", "--first", str(tmp_path / "none.jsonl")], catch_exceptions=False)
