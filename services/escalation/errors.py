"""What can go wrong in escalation.

ServiceError
├── NotSignedIn       401  no token
│   └── TokenRefused       a token that is not valid, or not any more
├── NotYours          403  a token for somebody else
│   └── ScopeLacking       a token that is not good for this
├── NoToken           400  what was asked of the token endpoint is not what it gives
│   ├── UnknownClient  401 the client or its secret is wrong
│   ├── UnknownGrant       another grant than client credentials
│   └── UnknownScope       a scope that the client may not have
├── UnknownReport     404  no such report, or it is not yours
├── NotNow            409  the delivery or the review is not in a state for that
├── ToldSince         409  the report was corrected since its agency read it
├── NotACursor        422  `after` is not a cursor of this feed
├── FeedRestored      409  `after` leads to an entry that this feed no longer has: it was restored from a backup
├── TooOften          429  more requests than the policy allows
├── SignInFirst       303  a page, and nobody is signed in: to the sign-in page
│   └── SessionEnded       the same, for whoever was signed in
├── SignedOut         401  a part of a page, asked for when the session has ended
├── WrongPassword     401  the name or the password is wrong
├── NotLetIn          403  the provider proved nobody, or nobody who may do anything here
├── ProviderAway      503  the OpenID provider does not answer, or not as it should
├── ElsewhereSent     403  a form that was sent from somebody else's page
├── NothingThere      404  no such case on this queue
├── NotFree           409  somebody else holds it, or it is closed
├── LeaseLost         409  the lease has run out, or the token is not its
├── MovedOn           409  it has changed since whoever acts on it was shown it
├── Unkeepable        422  a character that no database could keep
├── NotSo             422  what was asked for cannot be, and why
├── NoDirectory       503  no directory is loaded yet
└── DirectoryRefused  422  a directory file that is wrong, with the lines and the reasons
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from shared.consumer import NotYet
from shared.http import ServiceError


class NotSignedIn(ServiceError):
    status = HTTPStatus.UNAUTHORIZED
    title = "A token is needed here"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class TokenRefused(NotSignedIn):
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})


class NotYours(ServiceError):
    status = HTTPStatus.FORBIDDEN
    title = "Not for you"


class ScopeLacking(NotYours):
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer error="insufficient_scope"'})


class NoToken(ServiceError):
    """`error` is RFC 6749's word for it, which OAuth's libraries go by."""

    status = HTTPStatus.BAD_REQUEST
    title = "No token can be given for this"
    error = "invalid_request"

    @property
    def members(self) -> Mapping[str, str]:
        return {"error": self.error, "error_description": str(self)}


class UnknownClient(NoToken):
    status = HTTPStatus.UNAUTHORIZED
    title = "We do not know this client, or its secret is wrong"
    error = "invalid_client"
    headers = MappingProxyType({"WWW-Authenticate": 'Basic realm="heard"'})


class UnknownGrant(NoToken):
    error = "unsupported_grant_type"


class UnknownScope(NoToken):
    error = "invalid_scope"


class UnknownReport(ServiceError):
    status = HTTPStatus.NOT_FOUND
    title = "Nothing of yours is here"


class NotNow(ServiceError):
    status = HTTPStatus.CONFLICT
    title = "Not as things stand"


class ToldSince(ServiceError):
    status = HTTPStatus.CONFLICT
    title = "The report has changed"


class NotACursor(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "This is not a cursor of this feed"


class FeedRestored(ServiceError):
    status = HTTPStatus.CONFLICT
    title = "This feed was restored from a backup"


class TooOften(ServiceError):
    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "Too many requests"


class SignInFirst(ServiceError):
    """A page without a session."""

    status = HTTPStatus.SEE_OTHER
    title = "Sign in first"
    headers = MappingProxyType({"Location": "/sign-in"})


class SessionEnded(SignInFirst):
    """A page whose session was there once: the sign-in page says so."""

    headers = MappingProxyType({"Location": "/sign-in?ended=true"})


class SignedOut(ServiceError):
    """What htmx sent: led to the sign-in page, it would put that into the page in place of what was written."""

    status = HTTPStatus.UNAUTHORIZED
    title = "You are signed out"


class WrongPassword(ServiceError):
    status = HTTPStatus.UNAUTHORIZED
    title = "The name or the password is wrong"


class NotLetIn(ServiceError):
    status = HTTPStatus.FORBIDDEN
    title = "You were not signed in"


class ProviderAway(ServiceError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Your organisation's sign-in does not answer"


class ElsewhereSent(ServiceError):
    status = HTTPStatus.FORBIDDEN
    title = "This did not come from one of our pages"


class NothingThere(ServiceError):
    status = HTTPStatus.NOT_FOUND
    title = "No such case on this queue"


class NotFree(ServiceError):
    status = HTTPStatus.CONFLICT
    title = "This cannot be claimed now"


class LeaseLost(ServiceError):
    status = HTTPStatus.CONFLICT
    title = "You do not hold this case"


class MovedOn(ServiceError):
    status = HTTPStatus.CONFLICT
    title = "The case has moved on"


class Unkeepable(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Some of this cannot be kept"


class NotSo(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "That cannot be done"


class NoDirectory(ServiceError, NotYet):
    """Whoever reads from Kafka waits until there is one."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Nobody has said yet who acts where"


class DirectoryRefused(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "This directory was not loaded"
