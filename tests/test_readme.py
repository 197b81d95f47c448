"""What the README promises is there."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.local.stack import PROCESSES
from services.classifier.settings import Settings as Classifier
from services.cli import app
from services.escalation.settings import Settings as Escalation
from services.intake.settings import Settings as Intake

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def test_it_is_short():
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("settings", [Intake, Classifier, Escalation])
def test_every_setting_is_listed(settings: type[Intake] | type[Classifier] | type[Escalation]):
    listed = README.split("## Settings")[1]
    for name in settings.model_fields:
        assert f"`{name.upper()}`" in listed


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:services|shared|tests|docs)/[\w/.*]+)`", README))))
def test_every_path_is_there(path: str):
    assert list(ROOT.glob(path))


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`heard ([a-z]+(?: [a-z]+)?)", README))))
def test_every_command_is_there(command: str):
    assert CliRunner().invoke(app, [*command.split(), "--help"]).exit_code == 0


@pytest.mark.parametrize("script", sorted((ROOT / "deploy").glob("*/*.sh")), ids=lambda script: script.name)
def test_every_script_that_make_does_not_run_is_named(script: Path):
    assert f"`{script.relative_to(ROOT)}`" in README


def test_every_metric_is_said_to_be_looked_at():
    code = "".join(file.read_text() for part in ("services", "shared") for file in (ROOT / part).rglob("*.py"))
    shown = set(re.findall(r'"(heard_\w+)", f?"', code))
    alarms = (ROOT / "docs" / "alarms.md").read_text()
    assert len(shown) > 10
    assert {name for name in shown if f"`{name}" not in alarms} == set()


def test_each_process_has_its_place_in_an_upgrade_readers_before_writers():
    (order,) = re.findall(r"^4\. Readers before writers: (.*)\.$", (ROOT / "docs" / "upgrading.md").read_text(), re.M)
    named = [tuple(one.split()) for one in re.findall("`([^`]+)`", order)]
    assert sorted(named) == sorted(PROCESSES)
    assert (named[0], named[-1]) == (("intake", "work"), ("intake", "serve"))  # it reads receipts, and begins the ring
    services = [service for service, _ in named[1:-1]]
    assert services == sorted(services, key=["escalation", "classifier"].index)
