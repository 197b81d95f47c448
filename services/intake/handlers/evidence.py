"""Files that come with a report: taken, listed, taken off again, and handed to those who deal with it."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import structlog

from services.intake.domain import files, sealing
from services.intake.domain.partners import Key
from services.intake.domain.questions import EVIDENCE
from services.intake.errors import FileShut, UnknownFile
from services.intake.handlers import drafts as writing
from services.intake.handlers.drafts import KEPT, Drafts
from services.intake.handlers.households import SOURCE
from services.intake.repository import evidence
from services.intake.repository.evidence import File
from shared.database import statement, transaction
from shared.events import FileGiven
from shared.kafka import GIVEN
from shared.outbox import Bell, outgoing, put
from shared.told import Attachment

log = structlog.get_logger()

WITH_WHAT: Final = (
    "It is kept, sealed with an earlier secret: the administrator has to put that into HEARD_INTAKE_SECRETS_BEFORE."
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came; `name` is what the sender's device calls it."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a file was not taken; `name` has several where there were too many."""

    fault: str
    name: str


async def attach(code: str, uploads: Sequence[Upload], most: int, drafts: Drafts, now: datetime) -> list[Fault]:
    """Keep those that can be taken, each once; returns what is wrong with the others. Raises DraftGone, or AlreadySent.

    Of all files that belong to no report yet, `most` bytes are kept: the room beyond them is for words.
    """
    place = sealing.place_of(code)
    looked_at = [await asyncio.to_thread(_looked_at, upload, drafts.secrets) for upload in uploads]
    wrong = [one for one in looked_at if isinstance(one, Fault)]
    good = {one.about.sha256: one for one in looked_at if isinstance(one, File)}
    async with transaction(drafts.pool) as connection:
        draft = await writing.unsent(connection, code, drafts, now)
        kept = {one.sha256 for one in await evidence.of_draft(connection, place)}
        new = [file for digest, file in good.items() if digest not in kept]
        if new and await evidence.waiting(connection) + sum(f.about.size for f in new) > most:
            wrong.append(Fault("file_room", _names(new)))
            new = []
        room = files.MAX_FILES - len(kept)
        for file in new[:room]:
            await evidence.add(connection, place, file, now + KEPT)
        if left := new[room:]:
            wrong.append(Fault("file_many", _names(left)))
        await writing.put(connection, code, draft.with_answers(EVIDENCE, {}), drafts, now)
    return wrong


def _names(found: Sequence[File]) -> str:
    return ", ".join(file.about.name for file in found)


def _looked_at(upload: Upload, secrets: tuple[str, ...]) -> File | Fault:
    """A file sealed, or why it cannot be taken: in a thread, for up to 32 MiB are read, hashed and sealed."""
    kind = files.media_type(upload.content)
    if fault := files.fault(upload.content, kind):
        return Fault(fault, upload.name)
    return _sealed(upload, kind or "", secrets)


def _sealed(upload: Upload, kind: str, secrets: tuple[str, ...]) -> File:
    content = upload.content
    digest = hashlib.sha256(content).hexdigest()
    name = "".join(char for char in upload.name if char.isprintable())[-200:] or "file"
    about = Attachment(id=uuid4(), name=name, media_type=kind, size=len(content), sha256=digest)
    return File(about, sealing.seal(content, str(about.id), secrets))


async def of_draft(code: str, drafts: Drafts) -> tuple[Attachment, ...]:
    async with statement(drafts.pool) as connection:
        return await evidence.of_draft(connection, sealing.place_of(code))


async def remove(code: str, file: UUID, drafts: Drafts, now: datetime) -> None:
    """Take a file off a draft that was not sent. Raises DraftGone, or AlreadySent."""
    async with transaction(drafts.pool) as connection:
        await writing.unsent(connection, code, drafts, now)
        await evidence.remove(connection, sealing.place_of(code), file)


async def fetched(file: UUID, key: Key, drafts: Drafts, bell: Bell, now: datetime) -> tuple[str, str, bytes]:
    """Name, media type and content of a file that came with a report, once it is noted who is given it.

    The note goes to the record of its case, in escalation. Raises UnknownFile, or FileShut.
    """
    async with transaction(drafts.pool) as connection:
        row = await evidence.one(connection, file)
        if row is None:
            raise UnknownFile("Check the id: it stands in the report that it came with.")
        content = _opened(row["sealed"], file, drafts.secrets)
        given = FileGiven(report_id=row["report_id"], file=file, given_at=now, to=key.partner, key=key.id)
        await put(connection, [outgoing(given, GIVEN, SOURCE, now)])
    bell.ring()
    log.info("file given", report_id=str(row["report_id"]), file=str(file), to=key.partner, key=str(key.id))
    return row["name"], row["media_type"], content


def _opened(sealed: bytes, file: UUID, secrets: tuple[str, ...]) -> bytes:
    try:
        return sealing.unseal(sealed, str(file), secrets)
    except sealing.Unopened as error:
        raise FileShut(WITH_WHAT) from error
