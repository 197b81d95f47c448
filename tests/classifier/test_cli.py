"""The command line: one line out for each in, and figures that can be checked by hand."""

import json

import pytest
from typer.testing import CliRunner

from services.classifier.cli import app
from services.classifier.evaluation import Rate, evaluate

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


def test_classify_reads_standard_input():
    given = json.dumps({"id": "T-1", "text": "hello"})
    assert json.loads(CliRunner().invoke(app, ["classify", "-"], input=given).stdout)["primary"] == "other"


def test_rulebook_check_passes():
    assert CliRunner().invoke(app, ["rulebook", "check"]).exit_code == 0


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
