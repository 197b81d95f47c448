"""Signing in to the pages: sessions, the demo login, and forms sent from elsewhere."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import ValidationError

from services.escalation.domain.people import Person, Role
from services.escalation.handlers import people
from services.escalation.routers.dependencies import COOKIE
from services.escalation.settings import Settings
from shared.database import Pool
from tests.escalation.conftest import OURS, SignInPage

NOW = datetime.now(UTC)


async def test_a_page_without_a_session_leads_to_the_sign_in_page(client: httpx.AsyncClient):
    answer = await client.get("/preferences")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?to=%2Fpreferences")
    assert (await client.get("/")).headers["location"] == "/sign-in"


async def test_a_session_that_ended_is_said_by_the_sign_in_page_and_to_htmx_where_it_asked(client: httpx.AsyncClient):
    client.cookies.set(COOKIE, "of yesterday")
    answer = await client.get("/preferences")
    assert answer.headers["location"] == "/sign-in?ended=true&to=%2Fpreferences"
    assert "Your session has ended" in (await client.get(answer.headers["location"])).text
    asked = await client.post("/board/search", data={"q": "elm"}, headers=OURS | {"HX-Request": "true"})
    assert (asked.status_code, asked.json()["title"]) == (401, "You are signed out")
    assert asked.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (Role.operator, "/board", 200),
        (Role.operator, "/", 303),
        (Role.operator, "/nowhere", 404),
        (Role.operator, "/people", 403),
        (Role.supervisor, "/supervisor/unclaimed.csv", 200),
    ],
)
async def test_what_staff_see_is_kept_by_nobody(sign_in_page: SignInPage, role: Role, path: str, status: int):
    answer = await (await sign_in_page(role)).get(path)
    assert answer.status_code == status
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "max-age" in answer.headers["strict-transport-security"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_a_script_of_yesterday_is_never_used_unasked(client: httpx.AsyncClient):
    assert (await client.get("/static/board.js")).headers["cache-control"] == "no-cache"


async def test_the_demo_login_opens_a_session_in_a_host_cookie(client: httpx.AsyncClient, pool: Pool):
    await people.let_in(Person("sam", "Sam", Role.auditor, "northmoor-police"), pool, "a test", NOW, "a password")
    answer = await client.post("/sign-in", data={"name": "sam", "password": "a password"}, headers=OURS)
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(COOKIE.lower())
    assert {"secure", "httponly", "path=/", "samesite=lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Preferences" in (await client.get("/preferences")).text


@pytest.mark.parametrize(
    ("to", "led"),
    [
        ("/board/cases/0f7e", "/board/cases/0f7e"),
        *(
            (other, "/")
            for other in ("", "//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "/a?b=c")
        ),
    ],
)
async def test_who_had_to_sign_in_first_comes_where_their_link_led_and_nowhere_else(
    client: httpx.AsyncClient, pool: Pool, to: str, led: str
):
    await people.let_in(Person("sam", "Sam", Role.operator, "northmoor-police"), pool, "a test", NOW, "a password")
    page = (await client.get("/sign-in", params={"to": to})).text
    assert f'<input type="hidden" name="to" value="{led}">' in page
    given = {"name": "sam", "password": "a password", "to": to}
    assert (await client.post("/sign-in", data=given, headers=OURS)).headers["location"] == led


@pytest.mark.parametrize(("name", "password"), [("sam", "wrong"), ("nobody", "a password")])
async def test_a_wrong_name_and_a_wrong_password_are_told_alike(
    client: httpx.AsyncClient, pool: Pool, name: str, password: str
):
    await people.let_in(Person("sam", "Sam", Role.operator, "northmoor-police"), pool, "a test", NOW, "a password")
    answer = await client.post("/sign-in", data={"name": name, "password": password}, headers=OURS)
    assert answer.status_code == 401
    assert "The name or the password is wrong" in answer.text
    assert COOKIE not in answer.cookies
    for part in (
        "<title>Error: Sign in",
        f'name="name" value="{name}"',
        'aria-invalid="true" aria-describedby="wrong"',
    ):
        assert part in answer.text


async def test_an_agency_chooses_its_colours_and_is_asked_of_no_board(sign_in_page: SignInPage):
    ada = await sign_in_page(Role.agency, "Ada", "northmoor-council-asb")
    assert 'href="/preferences"' in (await ada.get("/portal")).text
    page = (await ada.get("/preferences")).text
    assert ("Colours" in page, "on the board" in page) == (True, False)


async def test_somebody_who_comes_by_openid_has_no_password(client: httpx.AsyncClient, pool: Pool):
    await people.let_in(Person("sam", "Sam", Role.operator, "northmoor-police"), pool, "a test", NOW)
    answer = await client.post("/sign-in", data={"name": "sam", "password": ""}, headers=OURS)
    assert answer.status_code in (401, 422)


async def test_who_is_let_in_as_what_is_on_record_once(pool: Pool):
    for role in (Role.operator, Role.operator, Role.supervisor):
        await people.let_in(Person("sam", "Sam", role, "northmoor-police"), pool, "somebody", NOW)
    done = await pool.fetch("select detail ->> 'role' as role from audit_entry where who = 'somebody' order by id")
    assert [row["role"] for row in done] == ["operator", "supervisor"]


async def test_a_session_ends_with_the_shift_or_by_signing_out(client: httpx.AsyncClient, pool: Pool):
    await people.let_in(Person("sam", "Sam", Role.operator, "northmoor-police"), pool, "a test", NOW)
    now = datetime.now(UTC)
    token = await people.sign_in("sam", pool, now)
    assert await people.who_is(token, pool, now + people.SHIFT - timedelta(seconds=1))
    assert await people.who_is(token, pool, now + people.SHIFT) is None
    await people.sign_out(token, pool)
    assert await people.who_is(token, pool, now) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "https://escalation"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://escalation"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({}, 403),
    ],
)
async def test_a_form_from_elsewhere_is_refused(sign_in_page: SignInPage, headers: dict[str, str], status: int):
    browser = await sign_in_page(Role.operator)
    answer = await browser.post("/preferences", data={"theme": "light"}, headers=headers)
    assert answer.status_code == status


async def test_preferences_are_kept(sign_in_page: SignInPage):
    browser = await sign_in_page(Role.auditor)
    await browser.post("/preferences", data={"theme": "light", "muted": "true"}, headers=OURS)
    assert 'data-theme="light"' in (await browser.get("/preferences")).text


def test_the_demo_login_refuses_to_start_outside_the_demo(settings: Settings):
    given = settings.model_dump() | {"demo_login": True, "environment": "production"}
    with pytest.raises(ValidationError, match="outside the demo"):
        Settings(**given)


async def test_somebody_who_works_for_another_force_by_now_is_no_longer_who_they_were(
    sign_in_page: SignInPage, pool: Pool
):
    token = (await sign_in_page(Role.operator)).cookies[COOKIE]
    sam = await people.who_is(token, pool, NOW)
    assert sam
    assert await people.ends_at(sam, token, pool, NOW)
    await people.let_in(Person("sam", "Sam", Role.operator, "southvale-police"), pool, "a test", NOW)
    assert not await people.ends_at(sam, token, pool, NOW)
    await people.sign_out(token, pool)
    assert not await people.ends_at(sam, token, pool, NOW)
