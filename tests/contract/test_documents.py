"""The documents under docs/contract say what the code says, and are valid of their kind."""

import json

import jsonschema
import pytest

from services import contract
from tests.contract.test_events import GOLDEN, KINDS


def test_the_documents_are_current():
    assert contract.out_of_date() == []


@pytest.mark.parametrize("type_", KINDS)
def test_golden_events_fit_the_published_schema(type_: str):
    components = contract.asyncapi()["components"]
    schema = {"$ref": f"#/components/schemas/{KINDS[type_].__name__}", "components": components}
    jsonschema.validate(json.loads((GOLDEN / f"{type_}.json").read_text()), schema)


def test_every_topic_is_written_by_one_service_alone():
    operations = contract.asyncapi()["operations"]
    assert all(operation["action"] == "send" for operation in operations.values())
    assert len({name.split(".", 1)[1] for name in operations}) == len(operations)
