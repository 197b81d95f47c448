"""What is asked of every page: nothing that axe finds fault with, and a picture to look at."""

import os
from pathlib import Path
from typing import Any

from playwright.async_api import Page

KEPT = "HEARD_PICTURES" in os.environ
AXE = (Path(__file__).parent / "axe.min.js").read_text()
SCREENS = Path(__file__).resolve().parents[2] / "docs" / "screens"


async def faults(page: Page) -> list[dict[str, Any]]:
    """axe-core's violations: the rule, and where."""
    await page.evaluate(AXE)
    found: dict[str, Any] = await page.evaluate("axe.run()")
    return [{"rule": one["id"], "at": [node["target"] for node in one["nodes"]]} for one in found["violations"]]


async def picture(page: Page, name: str) -> None:
    """Keep how it looks under docs/screens/, where that is asked for."""
    if KEPT:
        await page.screenshot(path=SCREENS / f"{name}.png")


async def whole_page(page: Page, name: str) -> None:
    """Keep all of a page under docs/screens/form/, small: there are many."""
    if KEPT:
        await page.screenshot(path=SCREENS / "form" / f"{name}.jpg", full_page=True, type="jpeg", quality=40)
