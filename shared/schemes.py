"""How a program says who it is, for the OpenAPI documents: there a parameter called Authorization is to be ignored."""

from fastapi import Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase


class Bearer(SecurityBase):
    """`Authorization: Bearer …`, given as the header came: what is wrong with it is for the route's own words."""

    def __init__(self, scheme_name: str, description: str) -> None:
        self.scheme_name, self.model = scheme_name, HTTPBearer(description=description)

    async def __call__(self, request: Request) -> str | None:
        return request.headers.get("authorization")
