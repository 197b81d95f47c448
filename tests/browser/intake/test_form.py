"""The whole form in a real browser, with and without scripts, at three widths."""

import pytest
from playwright.async_api import Browser

from shared.codebook import Strand
from shared.database import Pool
from shared.events import Lane, ReportReceived
from shared.told import Channel, Times
from tests.browser.intake.conftest import Site, visiting
from tests.browser.intake.form import STORY, fill_all, go_on


async def the_report(pool: Pool) -> ReportReceived:
    (row,) = await pool.fetch("select value from outbox")
    return ReportReceived.model_validate_json(row["value"])


@pytest.mark.parametrize(("width", "scripts"), [(320, False), (1280, True)])
async def test_the_whole_form_to_the_status_page(browser: Browser, site: Site, pool: Pool, width: int, scripts: bool):
    async with visiting(browser, site, width, scripts) as page:
        await fill_all(page)
        assert STORY.splitlines()[1] in await page.inner_text("main")
        await go_on(page)
        assert page.url.endswith("/form/sent")
        reference = await page.inner_text("[data-reference]")
        secret = await page.inner_text("[data-secret]")
    report = await the_report(pool)
    assert report.reference == reference
    assert len(secret) == 29
    assert report.text.replace("\r\n", "\n") == STORY
    assert (report.channel, report.lane, report.source) == (Channel.web, Lane.urgent, "public")
    assert report.answers.times is Times.two_to_five
    assert report.answers.strands == (Strand.religion,)
    assert report.answers.feeling == ("scared", "on edge")
    assert (report.answers.reported_before, report.answers.reported_to) == (2, "the council, C9")
    assert report.answers.party == "organisation, Dave, tall"
    assert report.answers.party_organisation == "Northmoor Homes"
    assert report.answers.safe_contact == "By text. Do not say who is calling. Never: come to the door"
    assert report.contact is not None
    assert report.contact.phone == "07700 900982"
    assert report.consent == ("stalking_advocacy",)


async def test_an_old_phone_keeps_links_apart_and_what_nobody_is_to_fill_in_out_of_sight(browser: Browser, site: Site):
    async with visiting(browser, site) as page:
        await page.evaluate("document.querySelector('.heard-footer ul').style.gap = '0'")  # unknown before iOS 14.5
        boxes = [await link.bounding_box() for link in (await page.locator(".heard-footer a").all())[:2]]
        first, second = [box for box in boxes if box]
        assert second["x"] - first["x"] - first["width"] >= 10
        hidden = await page.locator(".heard-other").bounding_box()
        assert hidden
        assert (hidden["width"], hidden["height"]) == (1, 1)
