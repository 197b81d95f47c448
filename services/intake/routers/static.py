"""Styles and scripts: they say nothing about anybody, so a browser may keep them for a day."""

from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.intake.routers.pages import HERE


class Kept(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "public, max-age=86400"
        return answer


files: Final = Kept(directory=HERE / "static")
