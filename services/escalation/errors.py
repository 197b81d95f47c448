"""What can go wrong in escalation.

ServiceError
├── NotSignedIn       401  no token, or one that is not valid
├── NotYours          403  a token for somebody else
├── UnknownClient     401  the client or its secret is wrong
└── DirectoryRefused  422  a directory file that is wrong, with the place and the reason
"""

from http import HTTPStatus
from types import MappingProxyType

from shared.http import ServiceError


class NotSignedIn(ServiceError):
    status = HTTPStatus.UNAUTHORIZED
    title = "A token is needed here"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class NotYours(ServiceError):
    status = HTTPStatus.FORBIDDEN
    title = "Not for you"


class UnknownClient(ServiceError):
    status = HTTPStatus.UNAUTHORIZED
    title = "We do not know this client, or its secret is wrong"
    headers = MappingProxyType({"WWW-Authenticate": 'Basic realm="heard"'})


class DirectoryRefused(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "This directory was not loaded"
