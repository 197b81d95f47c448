"""What can be said of the containers without an engine: parsed, and held against the code."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from services.classifier.settings import Settings as Classifier
from services.cli import app
from services.escalation.settings import Settings as Escalation
from services.intake.settings import Settings as Intake
from shared.kafka import TOPICS

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "compose.yml").read_text())
OF_UVICORN = "FORWARDED_ALLOW_IPS"
OURS = {name: one for name, one in COMPOSE["services"].items() if "build" in one}
SETTINGS = {
    f"HEARD_{service}_{name}".upper(): field
    for service, settings in (("intake", Intake), ("classifier", Classifier), ("escalation", Escalation))
    for name, field in settings.model_fields.items()
}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str):
    assert set(OURS[name]["environment"]) <= {*SETTINGS, OF_UVICORN}


@pytest.mark.parametrize("name", OURS)
def test_every_setting_that_has_no_default_is_given(name: str):
    service = OURS[name]["build"]["args"]["SERVICE"]
    needed = {key for key, field in SETTINGS.items() if field.is_required() and f"_{service.upper()}_" in key}
    assert needed <= set(OURS[name]["environment"])


@pytest.mark.parametrize("name", OURS)
def test_every_secret_can_be_given(name: str):
    ours = f"HEARD_{OURS[name]['build']['args']['SERVICE']}_".upper()
    secrets = {key for key, field in SETTINGS.items() if "SecretStr" in str(field.annotation) and key.startswith(ours)}
    assert secrets <= set(OURS[name]["environment"])


@pytest.mark.parametrize("name", OURS)
def test_ours_may_write_nothing_and_gain_nothing(name: str):
    assert OURS[name]["read_only"]
    assert OURS[name]["cap_drop"] == ["ALL"]
    assert OURS[name]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_no_log_fills_the_disk(name: str):
    assert COMPOSE["services"][name]["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_ours(name: str):
    command = [OURS[name]["build"]["args"]["SERVICE"], *OURS[name]["command"]]
    assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0


@pytest.mark.parametrize("name", ["intake", "classifier", "escalation"])
def test_each_worker_shows_its_metrics(name: str):
    environment = OURS[f"{name}-worker"]["environment"]
    assert environment[f"HEARD_{name.upper()}_METRICS_PORT"]
    assert environment[f"HEARD_{name.upper()}_HOST"] == "0.0.0.0"


@pytest.mark.parametrize("name", ["intake", "classifier", "escalation"])
def test_each_is_healthy_when_it_is_ready(name: str):
    port = SETTINGS[f"HEARD_{name}_PORT".upper()].default
    assert f"http://127.0.0.1:{port}/readyz" in COMPOSE["services"][name]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", [name for name, one in OURS.items() if one["command"] in (["work"], ["reread"])])
def test_each_worker_is_healthy_when_it_shows_its_metrics(name: str):
    (port,) = {value for key, value in OURS[name]["environment"].items() if key.endswith("_METRICS_PORT")}
    assert f"http://127.0.0.1:{port}/metrics" in OURS[name]["healthcheck"]["test"][-1]


def test_no_secret_has_a_default():
    used = re.findall(r"\$\{([^}]*)\}", (DEPLOY / "compose" / "compose.yml").read_text())
    assert used
    assert all(name.endswith(":?") for name in used)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_what_it_waits_for_is_there(name: str):
    assert set(COMPOSE["services"][name].get("depends_on", {})) <= set(COMPOSE["services"])


def test_the_script_makes_every_topic():
    script = (DEPLOY / "kafka" / "topics.sh").read_text()
    listed = re.search(r"for topic in (reports\..*?); do", script.replace("\\\n", ""))
    assert listed
    assert set(listed[1].split()) == set(TOPICS)


@pytest.mark.parametrize("script", sorted(DEPLOY.rglob("*.sh")), ids=lambda script: script.name)
def test_every_script_is_sound(script: Path):
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


@pytest.mark.parametrize("source", re.findall(r"^COPY (?!--from)(.*) \S+$", (DEPLOY / "Dockerfile").read_text(), re.M))
def test_the_image_copies_what_is_there(source: str):
    assert all((DEPLOY.parent / part).exists() for part in source.split())
