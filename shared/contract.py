"""What every part of the contract is: frozen, and tolerant of fields it does not know."""

from pydantic import (
    BaseModel,
    ConfigDict,
)


class Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
