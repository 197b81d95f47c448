"""The documents under docs/contract say what the code says, and are valid of their kind."""

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from services import contract
from shared.kafka import DEAD, TOPICS
from tests.contract.test_events import GOLDEN, KINDS


def test_the_documents_are_current():
    assert contract.out_of_date() == []


def test_a_document_that_no_longer_says_what_the_code_says_is_named(tmp_path: Path):
    shutil.copytree(contract.FOLDER, tmp_path, dirs_exist_ok=True)
    assert contract.out_of_date(tmp_path) == []
    (tmp_path / "asyncapi.json").write_text("{}\n")
    (tmp_path / "intake.openapi.json").unlink()
    assert sorted(contract.out_of_date(tmp_path)) == ["asyncapi.json", "intake.openapi.json"]


@pytest.mark.parametrize("service", ["intake", "classifier", "escalation"])
def test_every_answer_that_refuses_is_said_to_be_a_problem(service: str):
    document = json.loads(contract.documents()[f"{service}.openapi.json"])
    assert list(document["components"]["responses"]["Problem"]["content"]) == ["application/problem+json"]
    for operation in (one for path in document["paths"].values() for one in path.values()):
        refused = {status: answer.get("$ref") for status, answer in operation["responses"].items() if status[0] in "45"}
        assert refused == dict.fromkeys(("4XX", "5XX"), "#/components/responses/Problem")


@pytest.mark.parametrize("type_", KINDS)
def test_golden_events_fit_the_published_schema(type_: str):
    components = contract.asyncapi()["components"]
    schema = {"$ref": f"#/components/schemas/{KINDS[type_].__name__}", "components": components}
    jsonschema.validate(json.loads((GOLDEN / f"{type_}.json").read_text()), schema)


def test_every_topic_is_written_by_one_service_alone():
    operations = contract.asyncapi()["operations"]
    assert {name.split(".", 1)[1] for name in operations} >= set(TOPICS) - {DEAD}
    assert all(operation["action"] == "send" for operation in operations.values())
    assert len({name.split(".", 1)[1] for name in operations}) == len(operations)
