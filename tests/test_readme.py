"""What the README promises is there."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

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
