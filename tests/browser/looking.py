"""Pictures of pages, to be looked at."""

import os
from pathlib import Path

from playwright.async_api import Page

KEPT = "HEARD_PICTURES" in os.environ
SCREENS = Path(__file__).resolve().parents[2] / "docs" / "screens"


async def picture(page: Page, name: str) -> None:
    """Keep how it looks under docs/screens/, where that is asked for."""
    if KEPT:
        await page.screenshot(path=SCREENS / f"{name}.png")


async def whole_page(page: Page, name: str) -> None:
    """Keep all of a page under docs/screens/form/, small: there are many."""
    if KEPT:
        await page.screenshot(path=SCREENS / "form" / f"{name}.jpg", full_page=True, type="jpeg", quality=40)
