"""axe-core in a page: what it finds wrong with how people who cannot see, point or hear would use it."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page


@cache
def _source() -> str:
    return (Path(__file__).parent / "axe.min.js").read_text()


async def violations(page: Page) -> list[str]:
    """Each with its rule and the elements it is about; empty is good. Works under a strict content policy.

    Looks once the page has its styles, which one that was come to by a link or a form may lack still.
    """
    await page.wait_for_load_state()
    await page.evaluate(_source())
    found: dict[str, Any] = await page.evaluate("axe.run({rules: {'target-size': {enabled: true}}})")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
