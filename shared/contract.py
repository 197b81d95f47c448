"""What every part of the contract is: frozen, and tolerant of fields it does not know."""

from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)

Number = Annotated[int, Field(ge=1, lt=2**31)]
"""A number from 1 that can be kept: as PostgreSQL's `int` takes it."""


class Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
