"""What can go wrong in intake.

ServiceError
├── AlreadySent      409  a file for a report that was sent
├── Anonymous        422  an ASB Case Review that nobody's name stands behind
├── CallKnown        409  a call by this id was sent before, and not as it comes now
├── CallTooLong      409  more was said than a report holds
├── DraftGone        410  a draft that was sent, closed or left alone for too long
├── FileShut         503  a file that was sealed with a secret that is not known
├── KeyGuessable     422  an Idempotency-Key that somebody else may send as well
├── KeyReused        422  the same Idempotency-Key came with another body
├── StillOnTheLine   409  a call that goes on
├── SpeakersUnnamed  422  a transcript that does not say who is the operator and who the caller
├── TranscriptRefused 422 a transcript that cannot be read, with the place and the reason
├── UnknownCall      404  no call of this source with this id
├── NotFromHere      403  a form sent from another site
├── OtherDraft       409  a page of another draft than its browser writes by now
├── PartnerRefused   422  a partner whose colour, origins or way back have to be mended
├── TooBusy          503  more reports come at once than can be taken
├── TooLong          413  more was written in all than a report holds
├── TooMany          429  more was asked with one key than it may ask
├── UnknownFile      404  no file with this id came with a report
├── UnknownPartner   404  no partner of this name
├── UnknownReference 404  no report with this reference and secret
├── UnknownSource    401  a key is needed, or is nobody's
└── VisitOver        410  a report's page that was closed or left alone for too long
"""

from http import HTTPStatus
from types import MappingProxyType

from shared.http import ServiceError


class AlreadySent(ServiceError):
    status = HTTPStatus.CONFLICT
    title = "This report was sent already"


class Anonymous(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "An ASB Case Review cannot be asked for anonymously"


class CallKnown(ServiceError):
    status = HTTPStatus.CONFLICT
    title = "This call was sent before"


class CallTooLong(ServiceError):
    status = HTTPStatus.CONFLICT
    title = "This call is too long for one report"


class DraftGone(ServiceError):
    status = HTTPStatus.GONE
    title = "We no longer have what was written here"


class FileShut(ServiceError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "This file cannot be opened now"


class NotFromHere(ServiceError):
    status = HTTPStatus.FORBIDDEN
    title = "This was not sent from our own page"


class OtherDraft(ServiceError):
    status = HTTPStatus.CONFLICT
    title = "Another report was begun in this browser"


class KeyGuessable(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "This Idempotency-Key is too short to be yours alone"


class KeyReused(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "This Idempotency-Key was used for another report"


class StillOnTheLine(ServiceError):
    status = HTTPStatus.CONFLICT
    title = "This call still goes on"


class SpeakersUnnamed(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Who is the operator, and who the caller?"


class TranscriptRefused(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "This transcript cannot be read"


class UnknownCall(ServiceError):
    status = HTTPStatus.NOT_FOUND
    title = "We do not know this call"


class UnknownFile(ServiceError):
    status = HTTPStatus.NOT_FOUND
    title = "There is no such file"


class PartnerRefused(ServiceError):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "This partner cannot be let in like that"


class TooBusy(ServiceError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Too many people are telling us something at this moment"
    headers = MappingProxyType({"Retry-After": "2"})


class TooLong(ServiceError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "Too large"


class TooMany(ServiceError):
    status = HTTPStatus.TOO_MANY_REQUESTS
    title = "That was too much at once"


class UnknownPartner(ServiceError):
    status = HTTPStatus.NOT_FOUND
    title = "There is no such partner"


class UnknownReference(ServiceError):
    status = HTTPStatus.NOT_FOUND
    title = "We cannot find a report with this reference and secret"


class UnknownSource(ServiceError):
    status = HTTPStatus.UNAUTHORIZED
    title = "A key is needed here"
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class VisitOver(ServiceError):
    status = HTTPStatus.GONE
    title = "The page of this report was open for too long"
