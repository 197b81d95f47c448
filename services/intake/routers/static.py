"""Styles and scripts, which a browser may keep but asks after: they go with the pages of the same version."""

from typing import Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.intake.routers.pages import HERE


class Kept(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "no-cache"
        return answer


files: Final = Kept(directory=HERE / "static")
