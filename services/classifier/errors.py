"""What can go wrong in the classifier.

ServiceError
└── UnknownCaller 401  a key is needed, or is nobody's
"""

from http import HTTPStatus
from types import MappingProxyType

from shared.http import ServiceError


class UnknownCaller(ServiceError):
    status = HTTPStatus.UNAUTHORIZED
    title = "A key is needed here"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})
