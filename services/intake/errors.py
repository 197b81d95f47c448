"""What can go wrong in intake.

ServiceError
├── KeyReused        422  the same Idempotency-Key came with another body
├── UnknownReference 404  no report with this reference and secret
└── UnknownSource    401  a key is needed, or is nobody's
"""

from http import HTTPStatus
from types import MappingProxyType

from shared.http import ServiceError


class KeyReused(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "This Idempotency-Key was used for another report"


class UnknownReference(ServiceError):
    status = HTTPStatus.NOT_FOUND
    title = "We cannot find a report with this reference and secret"


class UnknownSource(ServiceError):
    status = HTTPStatus.UNAUTHORIZED
    title = "A key is needed here"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})
