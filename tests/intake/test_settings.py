"""What intake is not started with, and whose keys it takes."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from services.intake.main import create_app
from services.intake.settings import Settings
from shared.command import AskedWrongly
from shared.database import Pool
from shared.security import sha256
from shared.settings import DEMO_MARK

OF_THE_DEMO = f"{DEMO_MARK}a-key-of-the-telephone-system"


def test_a_language_that_nobody_wrote_is_found_before_a_reader_does(settings: Settings):
    with pytest.raises(AskedWrongly, match=r"HEARD_INTAKE_LANGUAGES: cy needs .*cy.toml, signed by a speaker"):
        create_app(Settings(**settings.model_dump() | {"languages": ("en", "cy")}))


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "areas = [",
        "agencies = []",
        'areas = []\n[[agencies]]\nid = "a"\nname = "A"\nkind = "police"\nareas = ["nowhere"]',
    ],
)
def test_so_is_a_directory_that_is_not_there_or_is_none(settings: Settings, tmp_path: Path, wrong: str | None):
    file = tmp_path / "directory.toml"
    if wrong is not None:
        file.write_text(wrong)
    with pytest.raises(AskedWrongly, match=f"HEARD_INTAKE_DIRECTORY: {file} is no directory"):
        create_app(Settings(**settings.model_dump() | {"directory": file}))


@pytest.mark.parametrize(("environment", "status"), [("production", 401), ("demo", 202)])
async def test_a_key_of_the_demo_is_nobodys_outside_it(settings: Settings, pool: Pool, environment: str, status: int):
    given: dict[str, Any] = {"keys": {"telephony": sha256(OF_THE_DEMO)}, "environment": environment}
    app = create_app(Settings(**settings.model_dump() | given))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://intake") as client,
    ):
        key = {"Authorization": f"Bearer {OF_THE_DEMO}"}
        assert (await client.post("/v1/reports", json={"text": "He follows me."}, headers=key)).status_code == status


def test_no_key_is_the_publics(settings: Settings):
    with pytest.raises(ValidationError, match="call this key otherwise"):
        Settings(**settings.model_dump() | {"keys": {"public": sha256("a key")}})
