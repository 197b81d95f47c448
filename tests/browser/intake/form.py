"""Going through the form as a person would."""

from playwright.async_api import Page

STORY = "My ex follows me home from the bus, every night this week.\n  He said he knows where my kids go to school."

FILLED: dict[str, dict[str, str]] = {
    "story": {"fill:story": STORY},
    "complaints": {"fill:complaints": "3 March, music until 4: told the council, C9", "fill:complaints_made": "3"},
    "wanted": {"fill:wanted": "Somebody visits when it goes on"},
    "behalf": {"check:behalf": "myself"},
    "times": {"check:times": "2-5"},
    "when": {"fill:when": "since March"},
    "now": {"check:now": "no"},
    "party": {"check:relation": "organisation", "fill:organisation": "Northmoor Homes", "fill:party": "Dave, tall"},
    "feeling": {"check:feeling": "scared", "fill:feeling_words": "on edge"},
    "why": {"check:strands": "religion"},
    "online": {"check:online": "yes"},
    "life": {"check:impact": "home"},
    "told": {"check:told": "yes", "fill:told_whom": "the council", "fill:told_times": "2", "fill:told_reference": "C9"},
    "where": {"fill:postcode": "ZZ1 4AB", "fill:place": "the number 7 bus"},
    "evidence": {},
    "contact": {"fill:name": "Sam", "fill:phone": "07700 900982", "fill:email": "sam@example.org"},
    "safe": {"check:safe_how": "text", "check:safe_say": "no", "fill:safe_never": "come to the door"},
    "home": {"check:landlord": "housing_association", "fill:landlord_name": "Northmoor Homes"},
    "share": {"check:consent": "stalking_advocacy"},
}


async def begin(page: Page, reporting: str = "myself") -> None:
    if reporting == "case_review":
        await page.goto("/case-review")
    else:
        await page.goto("/")
        await page.check(f"input[name=reporting][value={reporting}]")
    await go_on(page)


async def begin_anew(page: Page, reporting: str = "myself") -> None:
    """Where the page with the reference and the secret of another report is open still."""
    await begin(page, reporting)
    async with page.expect_navigation():
        await page.click("[name=anew]")


async def fill(page: Page, name: str) -> None:
    """Fill in one question's page."""
    for what, value in FILLED[name].items():
        how, field = what.split(":")
        if how == "check":
            await page.check(f"input[name={field}][value='{value}']")
        else:
            await page.fill(f"[name={field}]", value)


async def go_on(page: Page) -> None:
    """Press the page's button, and be on the page after it."""
    async with page.expect_navigation():
        await page.click("main form button.govuk-button:not(.govuk-button--secondary)")


async def fill_all(page: Page, reporting: str = "myself") -> None:
    """From the start page to `Check your answers`."""
    await begin(page, reporting)
    while not page.url.endswith("/form/check"):
        await fill(page, page.url.rsplit("/", 1)[1])
        await go_on(page)
