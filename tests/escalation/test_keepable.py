"""What no database could keep is refused with what to do, whichever route it comes by, before anything is done."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, TypeAdapter, ValidationError

from services.escalation.domain.people import Role
from tests.escalation.conftest import OURS, SignInPage

JSON = {"Content-Type": "application/json"}
NUL, HALF = "a\0b", "a\ud800b"


def takes_words(kind: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(NUL)
    except ValidationError:
        return False
    return True


def fields(dependant: Any) -> Iterator[tuple[str, str, Any]]:
    """Where each field of a route is looked for, its name and its type."""
    for where, params in {"path": dependant.path_params, "query": dependant.query_params}.items():
        yield from ((where, one.alias, one.field_info.annotation) for one in params)
    for one in dependant.body_params:
        kind = one.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (("json", name, field.annotation) for name, field in kind.model_fields.items())
        else:
            yield "form", one.alias, kind
    for other in dependant.dependencies:
        yield from fields(other)


async def test_by_every_route_that_takes_words(app: FastAPI, client: httpx.AsyncClient):
    taken = []
    for route in iter_route_contexts(app.routes):
        for where, name, kind in dict.fromkeys(fields(route.dependant)) if hasattr(route, "dependant") else ():
            if not takes_words(kind):
                continue
            assert route.path
            assert route.methods
            path, sent = route.path, {name: NUL}
            taken.append((where, path))
            match where:
                case "path":
                    ways: list[dict[str, Any]] = [{}]
                    path = path.replace(f"{{{name}}}", "a%00b")
                case "json":
                    ways = [{"content": json.dumps({name: bad}), "headers": JSON} for bad in (NUL, HALF)]
                case _:
                    ways = [{"params" if where == "query" else "data": sent}]
            for way in ways:
                answer = await client.request(*route.methods, path, **way)
                assert answer.status_code == 422, (path, name)
                assert "Take out the character zero" in answer.text, (path, name)
    assert {where for where, _ in taken} == {"path", "query", "form", "json"}
    some = {"/oauth/token", "/sign-in", "/board/search", "/audit", "/people"}
    assert some <= {path for _, path in taken}


@pytest.mark.parametrize(
    ("form", "field"),
    [("reports/{}/progress", "note"), ("reports/{}/return", "whose"), ("reviews/{}/actions", "owner")],
)
async def test_in_the_forms_of_the_portal_which_reads_its_own(sign_in_page: SignInPage, form: str, field: str):
    ada = await sign_in_page(Role.agency, "Ada", "northmoor-homes")
    answer = await ada.post(f"/portal/{form.format(uuid4())}", data={field: NUL}, headers=OURS)
    assert answer.status_code == 422
    assert "Take out the character zero" in answer.text


@pytest.mark.parametrize("there", [{"name": NUL}, {NUL: "name"}, {"deep": [[{"er": [NUL]}]]}])
async def test_however_deep_it_is(client: httpx.AsyncClient, there: dict[str, Any]):
    answer = await client.post("/v1/queue/claims", json=there)
    assert (answer.status_code, answer.json()["title"]) == (422, "Some of this cannot be kept")


async def test_in_the_name_of_a_program(client: httpx.AsyncClient):
    answer = await client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=(NUL, "secret"))
    assert (answer.status_code, answer.json()["title"]) == (401, "We do not know this client, or its secret is wrong")
