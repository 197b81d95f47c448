"""Signing in with the organisation's OpenID provider: a real one, small, on a port of its own."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import Response
from joserfc.jwk import RSAKey

from services.escalation.domain.directory import Directory
from services.escalation.handlers import directories
from services.escalation.main import create_app
from services.escalation.routers.dependencies import COOKIE
from services.escalation.settings import Settings
from shared.database import Pool
from tests.builders import NOON
from tests.escalation.conftest import OURS
from tests.escalation.openid_provider import OpenIdProvider


@pytest.fixture
async def provider() -> AsyncIterator[OpenIdProvider]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        provider = OpenIdProvider(f"http://127.0.0.1:{listening.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(provider.app, log_config=None))
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it by a flag alone
            await asyncio.sleep(0.01)
        yield provider
        server.should_exit = True
        await running


@pytest.fixture
async def browser(settings: Settings, provider: OpenIdProvider, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    ours = {"openid_client_id": "heard", "openid_client_secret": "s", "public_url": "https://escalation"}
    app = create_app(Settings(**settings.model_dump() | ours | {"openid_issuer": provider.issuer}))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://escalation") as client,
    ):
        yield client


async def signed_in(browser: httpx.AsyncClient, path: str = "/sign-in/openid") -> httpx.Response:
    """Leave for the provider, be sent back, and what comes of it."""
    away = (await browser.get(path)).headers["location"]
    async with httpx.AsyncClient() as outside:
        back = (await outside.get(away)).headers["location"]
    return await browser.get(back)


NOWHERE = {"location": "http:x"}
SAYS = {"heard_role": "operator", "heard_force": "northmoor-police"}


@pytest.mark.parametrize(
    ("role", "home"), [("operator", "/board"), ("supervisor", "/board"), ("admin", "/people"), ("auditor", "/audit")]
)
async def test_each_role_comes_home(browser: httpx.AsyncClient, provider: OpenIdProvider, role: str, home: str):
    provider.claims |= SAYS | {"heard_role": ["staff", role]}
    answer = await signed_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await browser.get("/")).headers["location"] == home
    page = await browser.get(home)
    assert page.status_code == 200
    assert "Sam Sample" in page.text


@pytest.mark.parametrize(("to", "led"), [("/board/cases/0f7e", "/board/cases/0f7e"), ("//evil.example", "/")])
async def test_who_came_by_a_link_comes_there_by_the_organisations_sign_in_too(
    browser: httpx.AsyncClient, provider: OpenIdProvider, to: str, led: str
):
    provider.claims |= SAYS
    page = (await browser.get("/sign-in", params={"to": to})).text
    (path,) = re.findall(r'href="(/sign-in/openid[^"]*)"', page)
    assert (await signed_in(browser, path)).headers["location"] == led


@pytest.mark.parametrize("groups", [["operator", "supervisor"], ["supervisor", "staff", "operator"]])
async def test_a_supervisor_who_is_among_the_operators_too_supervises(
    browser: httpx.AsyncClient, provider: OpenIdProvider, groups: list[str]
):
    provider.claims |= SAYS | {"heard_role": groups}
    await signed_in(browser)
    assert (await browser.get("/supervisor")).status_code == 200


@pytest.mark.parametrize("groups", [["operator", "auditor"], ["admin", "supervisor", "operator"]])
async def test_nobody_has_two_roles(browser: httpx.AsyncClient, provider: OpenIdProvider, groups: list[str]):
    provider.claims |= SAYS | {"heard_role": groups}
    answer = await signed_in(browser)
    assert (answer.status_code, f"gives you {len(groups)} roles here" in answer.text) == (403, True)
    assert COOKIE not in browser.cookies


@pytest.mark.parametrize("claims", [{}, {"heard_role": "operator"}, {"heard_role": "king", "heard_force": "x"}])
async def test_nobody_is_let_in_by_default(
    browser: httpx.AsyncClient, provider: OpenIdProvider, claims: dict[str, Any]
):
    provider.claims |= claims
    answer = await signed_in(browser)
    assert answer.status_code == 403
    assert COOKIE not in browser.cookies


async def test_nobody_works_for_a_force_that_the_directory_does_not_have(
    browser: httpx.AsyncClient, provider: OpenIdProvider, pool: Pool, directory: Directory
):
    await directories.load_directory(directory, pool, NOON)
    provider.claims |= SAYS | {"heard_force": "Northmoor Police"}
    answer = await signed_in(browser)
    assert answer.status_code == 403
    assert "no police force with the id Northmoor Police" in answer.text
    assert COOKIE not in browser.cookies
    provider.claims |= SAYS
    assert (await signed_in(browser)).status_code == 303


@pytest.mark.parametrize(
    "spoil", [{"nonce": "another"}, {"aud": "somebody else"}, {"iss": "https://evil.example"}, {"exp": 1, "iat": 0}]
)
async def test_a_token_that_proves_nothing_is_refused(
    browser: httpx.AsyncClient, provider: OpenIdProvider, spoil: dict[str, Any]
):
    provider.claims |= SAYS
    provider.spoil = spoil
    assert (await signed_in(browser)).status_code == 403


async def test_a_token_signed_by_another_key_is_refused(browser: httpx.AsyncClient, provider: OpenIdProvider):
    provider.claims |= SAYS
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "one"})
    assert (await signed_in(browser)).status_code == 403


async def test_whoever_did_not_start_here_is_refused(browser: httpx.AsyncClient):
    assert (await browser.get("/sign-in/openid/back?state=x&code=y")).status_code == 403
    await browser.get("/sign-in/openid")
    assert (await browser.get("/sign-in/openid/back?state=x&code=y")).status_code == 403


async def test_a_provider_that_is_away_is_told(browser: httpx.AsyncClient, provider: OpenIdProvider):
    provider.app.router.routes.clear()
    assert (await browser.get("/sign-in/openid")).status_code == 503


async def test_a_provider_that_sends_us_nowhere_is_away(browser: httpx.AsyncClient, provider: OpenIdProvider):
    provider.app.router.routes.clear()
    provider.app.get("/.well-known/openid-configuration")(lambda: Response(status_code=302, headers=NOWHERE))
    assert (await browser.get("/sign-in/openid")).status_code == 503


async def test_somebody_who_was_shut_out_stays_out(browser: httpx.AsyncClient, provider: OpenIdProvider, pool: Pool):
    provider.claims |= SAYS
    await signed_in(browser)
    await pool.execute("update person set active = false")
    assert (await browser.get("/board")).status_code == 303
    assert (await signed_in(browser)).status_code == 403


async def test_whoever_turned_back_at_the_provider_is_told_that(browser: httpx.AsyncClient):
    answer = await browser.get("/sign-in/openid/back?error=access_denied&state=x")
    assert (answer.status_code, "Your organisation did not let you in" in answer.text) == (403, True)


async def test_after_signing_out_the_next_is_not_signed_in_as_the_one_before(
    browser: httpx.AsyncClient, provider: OpenIdProvider
):
    async def asked() -> bool:
        return "prompt=login" in (await browser.get("/sign-in/openid")).headers["location"]

    provider.claims |= SAYS
    assert not await asked()
    await signed_in(browser)
    assert not await asked()
    await browser.post("/sign-out", headers=OURS)
    assert await asked()
    await signed_in(browser)
    assert not await asked()
