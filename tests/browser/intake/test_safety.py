"""Back, change, errors, nothing lost, exit, save and return, and the status page, in a real browser."""

import json

import pytest
from playwright.async_api import Browser, Page

from services.intake.routers.pages import DRAFT
from services.intake.routers.places import Places
from services.intake.settings import Settings
from shared.database import Pool
from shared.events import Amendment, ReportAmended, ReportReceived
from tests.browser.axe import violations
from tests.browser.intake.conftest import Site, served, visiting
from tests.browser.intake.form import STORY, begin, fill_all, go_on
from tests.browser.looking import whole_page

both_ways = pytest.mark.parametrize("scripts", [True, False])


@both_ways
async def test_an_empty_story_is_an_error_with_a_link_to_it(browser: Browser, site: Site, pool: Pool, scripts: bool):
    async with visiting(browser, site, scripts=scripts) as page:
        await begin(page)
        await go_on(page)
        assert (await page.title()).startswith("Error: ")
        await page.click(".govuk-error-summary a")
        assert await page.evaluate("document.activeElement.id" if scripts else "location.hash") in ("story", "#story")


async def test_what_was_typed_stays_when_another_field_is_wrong(browser: Browser, site: Site, pool: Pool):
    async with visiting(browser, site, scripts=False) as page:
        await begin(page)
        await page.goto("/form/contact")
        await page.fill("[name=name]", 'Sam "O\'Hara" <b>')
        await page.fill("[name=email]", "not an address")
        await go_on(page)
        assert await page.input_value("[name=name]") == 'Sam "O\'Hara" <b>'
        assert await page.input_value("[name=email]") == "not an address"
        assert await page.locator(".govuk-error-message").count() == 1


@both_ways
async def test_back_and_change_find_what_was_said(browser: Browser, site: Site, pool: Pool, scripts: bool):
    async with visiting(browser, site, scripts=scripts) as page:
        await begin(page)
        await page.fill("[name=story]", STORY)
        await go_on(page)
        await page.click(".govuk-back-link")
        assert await page.input_value("[name=story]") == STORY
        await page.go_back()
        assert page.url.endswith("/form/times")
        await page.check("[value=once]")
        await go_on(page)
        await page.goto("/form/check")
        await page.click("a[href='/form/times?check']")
        assert await page.get_attribute(".govuk-back-link", "href") == "/form/check"
        assert await page.is_checked("[value=once]")
        await page.check("[value=more]")
        await go_on(page)
        assert page.url.endswith("/form/check")
        assert "More often" in await page.inner_text("main")


async def test_danger_shows_999_first_and_then_carries_on(browser: Browser, site: Site, pool: Pool):
    async with visiting(browser, site) as page:
        await begin(page)
        await page.goto("/form/now")
        await page.check("[value=yes]")
        await go_on(page)
        assert "999" in await page.inner_text("h1")
        assert await page.get_attribute(".govuk-back-link", "href") == "/form/now"
        await page.click("text=Answer more questions first")
        assert page.url.endswith("/form/party")


async def test_nobody_reads_who_stays_anonymous(browser: Browser, site: Site, pool: Pool):
    async with visiting(browser, site, scripts=False) as page:
        await fill_all(page, "anonymous")
        await go_on(page)
    report = ReportReceived.model_validate_json(await pool.fetchval("select value from outbox"))
    assert report.contact is None
    assert report.answers.safe_contact is None
    assert await pool.fetchval("select count(*) from contact") == 0


async def test_contact_details_are_kept_apart(browser: Browser, site: Site, pool: Pool):
    async with visiting(browser, site) as page:
        await fill_all(page)
        await go_on(page)
    assert b"07700" not in await pool.fetchval("select event from report")
    assert await pool.fetchval("select contact from contact")  # and the event on its way has it
    assert b"07700" in await pool.fetchval("select value from outbox")


async def test_saved_on_one_device_and_finished_on_another(browser: Browser, site: Site, pool: Pool):
    async with visiting(browser, site, scripts=False) as page:
        await begin(page)
        await page.fill("[name=story]", STORY)
        await page.click("text=Save and come back later")
        code = await page.inner_text("[data-code]")
        await page.click("main form button")
        await page.goto("/form/story")
        assert "no longer" in await page.inner_text("h1")
    sealed = await pool.fetchval("select sealed from sealed")
    assert b"follows" not in sealed
    async with visiting(browser, site, scripts=False) as page:
        await page.goto("/return")
        await page.fill("[name=code]", "4K7Q-X9M2-TB0C-5D8F-H3JN")
        await go_on(page)
        assert "nothing under this code" in await page.inner_text(".govuk-error-summary")
        await page.fill("[name=code]", code.lower().replace("-", " "))
        await go_on(page)
        assert page.url.endswith("/form/check")
        assert "follows me home" in await page.inner_text("main")


@pytest.mark.parametrize("how", ["button", "escape", "without scripts"])
async def test_exit_leaves_nothing_for_the_back_button(browser: Browser, site: Site, pool: Pool, how: str):
    async with visiting(browser, site, scripts=how != "without scripts") as page:
        await begin(page)
        await page.fill("[name=story]", STORY)
        await go_on(page)
        await page.wait_for_load_state()
        if how == "escape":
            await page.keyboard.press("Escape")
            await page.keyboard.press("Escape")
        else:
            await page.click(".govuk-exit-this-page__button")
        await page.wait_for_url("**/weather")
        for _ in range(4):
            await page.go_back(wait_until="load")
            if how != "without scripts":  # a page of ours leaves again by itself
                await page.wait_for_url(lambda url: url == "about:blank" or url.endswith("/weather"))
            assert "follows" not in await page.content()
            assert "/form/" not in page.url
        await page.goto("/form/story")
        assert "follows" not in await page.content()


async def test_exit_waits_for_no_answer_of_ours(browser: Browser, site: Site, pool: Pool):
    async with visiting(browser, site) as page:
        await begin(page)
        await page.fill("[name=story]", STORY)
        await go_on(page)
        await page.wait_for_load_state()
        await page.route("**/exit", lambda _: None)  # never answered, as where the line is poor
        for _ in range(2):
            await page.keyboard.press("Escape")
        await page.wait_for_url("**/weather")
        assert DRAFT in {cookie["name"] for cookie in await page.context.cookies()}
        await page.goto("/form/story")
        assert page.url.endswith("/weather")


async def test_escape_that_is_for_an_input_method_does_not_leave(browser: Browser, site: Site, pool: Pool):
    async with visiting(browser, site) as page:
        await page.wait_for_load_state()
        press = "how => document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', isComposing: how}))"
        for _ in range(2):
            await page.evaluate(press, True)
        await page.wait_for_timeout(300)
        assert "/weather" not in page.url
        for _ in range(2):
            await page.evaluate(press, False)
        await page.wait_for_url("**/weather")


@both_ways
async def test_who_goes_on_after_the_draft_is_gone_is_told_what_is_lost_and_tells_it_again(
    browser: Browser, site: Site, pool: Pool, scripts: bool
):
    async with visiting(browser, site, scripts=scripts) as page:
        await begin(page)
        await page.fill("[name=story]", STORY)
        await go_on(page)
        await pool.execute("delete from sealed")
        await page.check("[value=more]")
        await go_on(page)
        assert "no longer here" in await page.inner_text("h1")
        await page.click("main a.govuk-button")
        assert await page.input_value("[name=story]") == ""
        await page.fill("[name=story]", STORY)
        await go_on(page)
        assert await page.is_checked("[value=more]")


@both_ways
async def test_what_is_told_anew_after_an_exit_in_another_tab_outlives_the_back_button(
    browser: Browser, site: Site, pool: Pool, scripts: bool
):
    async with visiting(browser, site, scripts=scripts) as page:
        await begin(page)
        await page.fill("[name=story]", STORY)
        await go_on(page)
        other = await page.context.new_page()
        await other.goto(page.url)
        await other.click(".govuk-exit-this-page__button")
        await other.wait_for_url("**/weather")
        await page.check("[value=more]")
        await go_on(page)
        assert "Only your last answer" in await page.inner_text("h1")
        await page.click("main a.govuk-button")
        await page.fill("[name=story]", STORY)
        await go_on(page)
        assert page.url.endswith("/form/times")
        await page.go_back(wait_until="load")
        await page.wait_for_timeout(150)
        assert await page.input_value("[name=story]") == STORY


@both_ways
async def test_the_status_page_and_what_can_be_added(browser: Browser, site: Site, pool: Pool, scripts: bool):
    async with visiting(browser, site, scripts=scripts) as page:
        await fill_all(page)
        await go_on(page)
        reference = await page.inner_text("[data-reference]")
        secret = await page.inner_text("[data-secret]")
        async with page.expect_download() as download:
            await page.click("text=Keep it as a file")
        kept = (await (await download.value).path()).read_text()
        assert reference in kept
        assert secret in kept
        assert "follows" not in kept
        await page.click("button:has-text('Close this page')")
        await page.goto("/form/sent")
        assert secret not in await page.content()
        await page.goto("/status")
        await page.fill("[name=reference]", reference.lower())
        await page.fill("[name=secret]", secret)
        await go_on(page)
        assert "on its way" in await page.inner_text("main")
        assert "follows" not in await page.content()
        await page.fill("[name=text]", "He came back.")
        await go_on(page)
        assert "added it" in await page.inner_text("main")
        await page.click("main a.govuk-button")
        await page.click("text=Ask to withdraw it")
        await go_on(page)
        assert "passed on" in await page.inner_text("main")
    events = await pool.fetch("select value, headers from outbox order by id")
    amended = [json.loads(e["value"]) for e in events if e["headers"]["ce_type"] == ReportAmended.type_]
    assert [one["kind"] for one in amended] == [Amendment.more_told, Amendment.withdrawal_asked]
    assert amended[0]["text"] == "He came back."


@both_ways
async def test_what_took_long_to_type_on_the_status_page_is_sent_once_it_is_looked_up_again(
    browser: Browser, site: Site, pool: Pool, scripts: bool
):
    async with visiting(browser, site, scripts=scripts) as page:
        await fill_all(page)
        await go_on(page)
        reference, secret = [await page.inner_text(f"[data-{name}]") for name in ("reference", "secret")]
        await page.goto("/status")
        for given in (None, STORY):
            if given:
                await page.fill("[name=text]", given)
                await pool.execute("update sealed set expires_at = received_at - interval '1 hour' from report")
                await go_on(page)
                assert "out of sight" in await page.inner_text("main")
                assert not scripts or await violations(page) == []
            await page.fill("[name=reference]", reference)
            await page.fill("[name=secret]", secret)
            await go_on(page)
        assert "added it" in await page.inner_text("main")
    told = json.loads(await pool.fetchval("select event from report"))
    assert told["text"].replace("\r\n", "\n").count(STORY) == 2


async def _looked_up(page: Page) -> None:
    await page.goto("/status")
    await page.fill("[name=reference]", "H-00000-00000")
    await page.fill("[name=secret]", "A" * 24)
    await go_on(page)


async def _come_back(page: Page) -> None:
    await page.goto("/return")
    await page.fill("[name=code]", "4K7Q-X9M2-TB0C-5D8F-H3JN")
    await go_on(page)


@both_ways
async def test_without_the_database_the_words_stay_on_the_page(
    browser: Browser, settings: Settings, pool: Pool, scripts: bool
):
    away = settings.model_copy(update={"database": type(settings.database)("postgresql://nobody@127.0.0.1:1/none")})
    async with served(away) as site, visiting(browser, site, scripts=scripts) as page:
        await page.check("input[value=anonymous]")
        await page.click("main form button")
        assert "cannot save" in await page.inner_text(".govuk-error-summary")
        assert await page.is_checked("input[value=anonymous]")
        if scripts:
            assert await violations(page) == []
            for asked_for, typed in ((_looked_up, "A" * 24), (_come_back, "4K7Q-X9M2-TB0C-5D8F-H3JN")):
                await asked_for(page)
                assert "still on this page" in await page.inner_text(".govuk-error-summary")
                assert await page.locator("main form input").last.input_value() == typed
                assert await violations(page) == []
    async with served(settings) as site, visiting(browser, site, 320, scripts=scripts) as page:
        await begin(page)
        site.app.state.places, free = Places(many=0), site.app.state.places
        await page.fill("[name=story]", STORY)
        await go_on(page)
        assert "still on this page" in await page.inner_text("main")
        if scripts:
            assert await violations(page) == []
            await whole_page(page, "phone-away")
        site.app.state.places = free
        await go_on(page)
        await page.click(".govuk-back-link")
        assert await page.input_value("[name=story]") == STORY
        await page.set_viewport_size({"width": 1280, "height": 900})
        url = page.url
        pool_of = site.app.state.pool
        async with served(away) as broken:
            site.app.state.pool = broken.app.state.pool
            await page.fill("[name=story]", STORY)
            async with page.expect_navigation() as answered:
                await go_on(page)
            assert (await answered.value).status == 503
            assert await page.input_value("[name=story]") == STORY
            assert "999" in await page.inner_text(".govuk-error-summary")
            if scripts:
                assert await violations(page) == []
                await whole_page(page, "desktop-story-away")
            site.app.state.pool = pool_of
        assert page.url == url
        await go_on(page)
        assert page.url.endswith("/form/times")
