"""The rulebook as a page that anybody at an agency can check; it holds nothing of any report."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(tags=["rulebook"])

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@router.get("/rulebook", response_class=HTMLResponse)
async def rulebook(request: Request) -> HTMLResponse:
    """Every rule in force, with its source, its reason and examples that count and that do not."""
    return HTMLResponse(request.app.state.page, headers={"Content-Security-Policy": POLICY})
