"""The documents under docs/contract say what the code says, and are valid of their kind."""

import json
import re
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from services import contract
from services.classifier import errors as classifier_errors
from services.escalation import errors as escalation_errors
from services.intake import errors as intake_errors
from shared.cloudevents import encode
from shared.kafka import DEAD, TOPICS
from tests.builders import NOON, report
from tests.contract.test_events import GOLDEN, KINDS

SERVICES = ("intake", "classifier", "escalation")
ASYNCAPI = Path(__file__).with_name("asyncapi-3.0.0.json")
"""The standard's own schema, from @asyncapi/specs 6.11.1."""


Documents = dict[str, Any]


@pytest.fixture(scope="module")
def documents() -> Documents:
    """Each service's OpenAPI document."""
    written = contract.documents()
    return {service: json.loads(written[f"{service}.openapi.json"]) for service in SERVICES}


def test_the_documents_are_current():
    assert contract.out_of_date() == []


def test_a_document_that_no_longer_says_what_the_code_says_is_named(tmp_path: Path):
    shutil.copytree(contract.FOLDER, tmp_path, dirs_exist_ok=True)
    assert contract.out_of_date(tmp_path) == []
    (tmp_path / "asyncapi.json").write_text("{}\n")
    (tmp_path / "intake.openapi.json").unlink()
    assert sorted(contract.out_of_date(tmp_path)) == ["asyncapi.json", "intake.openapi.json"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_answer_that_refuses_is_said_to_be_a_problem(documents: Documents, service: str):
    document = documents[service]
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
    operations = contract.asyncapi()["operations"].items()
    writing = [name.split(".", 1)[1] for name, operation in operations if operation["action"] == "send"]
    assert {*writing} == {*TOPICS, "agency"} - {DEAD}
    assert len({*writing}) == len(writing)


def test_the_events_are_a_whole_asyncapi_document():
    document = contract.asyncapi()
    jsonschema.Draft7Validator(json.loads(ASYNCAPI.read_text())).validate(document)
    assert document["channels"]["agency"]["parameters"].keys() == {"agency"}
    assert "northmoor-health.feed" in document["operations"]["agency.agency"]["description"]
    headers = document["components"]["messageTraits"]["event"]["headers"]
    sent = encode(report(), "reports.received", "intake", NOON, "trace")
    jsonschema.validate({name: value.decode() for name, value in sent.headers}, headers)
    assert {name for name, _ in sent.headers} == headers["properties"].keys()


def test_every_reference_leads_somewhere():
    document = contract.asyncapi()
    found = [document]
    while found:
        here = found.pop()
        if isinstance(here, dict) and "$ref" in here:
            target = document
            for step in here["$ref"].removeprefix("#/").split("/"):
                target = target[step]
        found += here.values() if isinstance(here, dict) else here if isinstance(here, list) else ()


OPEN = {"/oauth/token", "/rulebook"}


@pytest.mark.parametrize("service", SERVICES)
def test_who_must_say_who_they_are_is_told_how(documents: Documents, service: str):
    document = documents[service]
    schemes = document["components"]["securitySchemes"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert "authorization" not in {one["name"].lower() for one in operation.get("parameters", ())}
            assert path in OPEN or operation["security"]
            assert {name for one in operation.get("security", ()) for name in one} <= schemes.keys()


def test_anybody_may_tell_and_whoever_acts_needs_the_scope_for_it(documents: Documents):
    assert documents["intake"]["paths"]["/v1/reports"]["post"]["security"] == [{"key": ["reports"]}, {}]
    acknowledge = documents["escalation"]["paths"]["/v1/agencies/{agency_id}/reports/{report_id}/acknowledge"]
    assert acknowledge["post"]["security"] == [{"token": ["reports.act"]}]


@pytest.mark.parametrize("errors", [intake_errors, classifier_errors, escalation_errors])
def test_every_type_of_problem_stands_in_the_document(documents: Documents, errors: ModuleType):
    """And is called after its class: whoever renames one changes what programs go by."""
    service = errors.__name__.split(".")[1]
    document = documents[service]
    problem = document["components"]["responses"]["Problem"]["content"]["application/problem+json"]["schema"]
    said = set(re.findall(r"urn:heard:problem:(\w+)", problem["properties"]["type"]["description"]))
    lead_elsewhere = {"SignInFirst", "SessionEnded"}
    assert said == set(re.findall(r"[├└]── (\w+)", errors.__doc__ or "")) - lead_elsewhere
