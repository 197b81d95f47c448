"""Whether a request comes from our own pages."""

from typing import Final
from urllib.parse import urlsplit

from fastapi import Depends, Request

from services.intake.errors import NotFromHere

READS: Final = ("GET", "HEAD")


async def only_from_here(request: Request) -> None:
    """The browser says that it comes from our own page, or gives an Origin that is ours. A program gives neither."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = urlsplit(origin).netloc == request.headers.get("host") if origin else True
    if not (site in ("same-origin", "none") if site else ours):
        raise NotFromHere("Open our own page, and send it from there.")


async def _from_here(request: Request) -> None:
    """What changes something comes from our own page. To read, people come by a link from anywhere."""
    if request.method not in READS:
        await only_from_here(request)


FromHere: Final = Depends(_from_here)
OnlyFromHere: Final = Depends(only_from_here)
"""For a page that changes something although it is only read."""
