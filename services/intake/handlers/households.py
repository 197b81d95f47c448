"""What was told before: who told of the same household or party, and what follows where that was a slip.

For staff only. A reporter is never shown any of it: two people at one address may be victim and abuser.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from services.intake.domain.households import HouseholdKey, KeyKind, Keyring, keys_of
from services.intake.domain.likeness import Marks, contradict, likeness, marks_of
from services.intake.domain.series import TOLD_OF, Edge, reach, told_otherwise
from services.intake.repository import households, series
from services.intake.repository.households import NOTHING_TOLD, Candidate, Recognised
from shared.database import Connection
from shared.events import ReportLinked, ReportReceived
from shared.kafka import LINKED
from shared.outbox import Outgoing, outgoing, put
from shared.told import History, Link, LinkReason

SOURCE: Final = "intake"
SINCE: Final = timedelta(days=730)
SHOWN: Final = 30
"""How many of the words that two reports both have are told to the staff: a report holds those of twenty links."""
MOST: Final = {KeyKind.place: 100, KeyKind.address: TOLD_OF, KeyKind.phone: TOLD_OF, KeyKind.email: TOLD_OF}
"""How many earlier reports are looked at for each key, the newest first: a household may have told of thousands."""
OF_A_PLACE: Final = {KeyKind.place, KeyKind.address}


async def recognise(connection: Connection, report: ReportReceived, alone: Recognised) -> Recognised:
    """Find what was told before. Whoever tells of the same household waits until this transaction ends.

    `alone` is what it is recognised by. A later revision keeps what an earlier one found (see `moved`).
    """
    keys, marks = alone.keys, alone.marks
    if not keys:
        return await recall(connection, report) if report.revision > 1 else alone
    await households.lock(connection, keys)
    near = await households.candidates(connection, {report.report_id: keys}, MOST, report.received_at - SINCE)
    found = [(one, link) for one in near if (link := _link(marks, one, keys))]
    agreed = await _without_disputed(connection, report.report_id, found) if found else []
    made = await series.links_of(connection, report.report_id) if report.revision > 1 else ()
    links = _together([link for _, link in agreed], made)
    joined = await _series(connection, report, [link.report_id for link in links])
    return Recognised(keys, marks, links, joined, await history(connection, report, joined, links))


def known_by(report: ReportReceived, ring: Keyring) -> Recognised:
    """What a report is recognised by, as if nothing was told before."""
    marks = marks_of(report)
    keys = keys_of(report, marks.numbers, ring)
    return Recognised(keys, marks, series=(report.report_id,) if keys else ())


async def unlinked(connection: Connection, known: Mapping[UUID, Recognised], now: datetime) -> set[UUID]:
    """Those of these new reports that belong with no earlier one and whose households nobody else is telling of.

    Until the transaction ends, whoever tells of those households waits.
    """
    asking = {report_id: one.keys for report_id, one in known.items() if one.keys}
    free = await households.lock_free(connection, asking) if asking else set()
    asking = {report_id: keys for report_id, keys in asking.items() if report_id in free}
    near = await households.candidates(connection, asking, MOST, now - SINCE) if asking else []
    linked = {one.asking for one in near if _link(known[one.asking].marks, one, asking[one.asking])}
    return {report_id for report_id, one in known.items() if not one.keys or report_id in free - linked}


def _together(found: Sequence[Link], made: Sequence[Link]) -> tuple[Link, ...]:
    """Each earlier report once, the newest first; those made before come before any that would be one too many."""
    by_id = {link.report_id: link for link in (*made, *found)}
    return tuple(sorted(list(by_id.values())[:TOLD_OF], key=lambda link: link.received_at, reverse=True))


async def recall(connection: Connection, report: ReportReceived) -> Recognised:
    """What was told before as it is known now, without looking for more."""
    links = await series.links_of(connection, report.report_id)
    own = tuple(found for found, _ in (await series.held_series(connection, [report.report_id])).values())
    told = await history(connection, report, own, links)
    return Recognised(await households.keys_known(connection, report.report_id), marks_of(report), links, own, told)


def _link(marks: Marks, earlier: Candidate, keys: Sequence[HouseholdKey]) -> Link | None:
    """Why this report belongs with an earlier one, if it does."""
    reasons: list[LinkReason] = []
    words: tuple[str, ...] = ()
    same_place = KeyKind.place in earlier.kinds
    if same_place and (alike := likeness(marks, earlier.marks)):
        reasons, words = [alike[0]], alike[1]
    told_by = earlier.kinds & {KeyKind.phone, KeyKind.email}
    if told_by and (same_place or _placeless(keys)) and not contradict(marks, earlier.marks):
        reasons += [LinkReason(kind) for kind in sorted(told_by)]
    elif told_by and (shared := marks.party & earlier.marks.party):
        reasons, words = [*reasons, LinkReason.party], words or tuple(sorted(shared))
    if not reasons:
        return None
    return Link(
        report_id=earlier.report_id,
        reference=earlier.reference,
        received_at=earlier.received_at,
        reasons=tuple(dict.fromkeys(reasons)),
        words=words[:SHOWN],
    )


def _placeless(keys: Iterable[HouseholdKey]) -> bool:
    """Somebody who tells of two places, an officer or a teacher perhaps, is linked by the party alone."""
    return not any(key.kind is KeyKind.place for key in keys)


async def _without_disputed(
    connection: Connection, report_id: UUID, found: Sequence[tuple[Candidate, Link]]
) -> list[tuple[Candidate, Link]]:
    """What remains: never what a person parted from this report, nor two that a person parted from each other."""
    pairs = await households.disputed(connection, [report_id, *(one.report_id for one, _ in found)])
    apart = {series for one, _ in found for series in _parted(one, [o for o, _ in found], pairs)}
    kept = [pair for pair in found if frozenset((report_id, pair[0].report_id)) not in pairs]
    newest = next((one.series for one, _ in kept if one.series in apart), None)
    return [pair for pair in kept if pair[0].series not in apart or pair[0].series == newest]


def _parted(one: Candidate, others: Sequence[Candidate], pairs: set[frozenset[UUID]]) -> set[UUID]:
    return {one.series for other in others if frozenset((one.report_id, other.report_id)) in pairs}


async def _series(connection: Connection, report: ReportReceived, linked: Sequence[UUID]) -> tuple[UUID, ...]:
    """The series that this report joins, or one of its own; its own of old goes first, so that it stays."""
    asked = [report.report_id, *linked]
    known = await series.held_series(connection, asked) if linked or report.revision > 1 else {}
    return tuple(dict.fromkeys(known[one][0] for one in asked if one in known)) or (report.report_id,)


async def history(
    connection: Connection, report: ReportReceived, joined: Sequence[UUID], links: Sequence[Link]
) -> History:
    """What its series told before this report. A first telling has everything before it, whatever the clocks say."""
    if not links:
        return NOTHING_TOLD
    until = report.received_at if report.revision > 1 else None
    return await series.of_series(connection, joined, report.report_id, until, links)


async def moved(
    connection: Connection, report: ReportReceived, alone: Recognised, ring: Keyring, now: datetime
) -> list[UUID]:
    """Forget the place, or the number, that was told of a report before, where it is another by now.

    It is parted from those that it was linked to by that alone. Returns the others whose history is now another.
    Whoever tells of either household waits until the transaction ends.
    """
    known = await households.keys_known(connection, report.report_id)
    gone = {key for key in known if key.kind in OF_A_PLACE and key.key_id in ring.households}.difference(alone.keys)
    if not gone:
        return []
    by_now = [*{*known, *alone.keys}.difference(gone)]
    await households.lock(connection, [*by_now, *gone])
    await households.forget(connection, report.report_id, [*gone])
    left, _ = (await series.held_series(connection, [report.report_id]))[report.report_id]
    digests = [key.digest for key in by_now]
    cut = await series.outdated(connection, report.report_id, digests, [*alone.marks.numbers])
    return await _leave(connection, report.report_id, left, cut, now) if cut else []


async def _leave(connection: Connection, report_id: UUID, left: UUID, cut: Sequence[Edge], now: datetime) -> list[UUID]:
    leaving = reach(report_id, set(await series.edges(connection, left)).difference(cut))
    told = await series.members(connection, left)
    await series.part(connection, cut, now)
    if any(one not in leaving for edge in cut for one in edge):
        await series.rename(connection, sorted(leaving), uuid4())
    return [one for one in told_otherwise(told, report_id, cut) if one != report_id]


async def remember(connection: Connection, report: ReportReceived, recognised: Recognised, now: datetime) -> None:
    """Keep what a revision is recognised by besides, and tell the cases of those that it is newly linked to."""
    if recognised.keys:
        new = await households.remember(connection, report, recognised, now)
        await tell(connection, report, [link for link in recognised.links if link.report_id in new], now)


async def tell(connection: Connection, report: ReportReceived, links: Sequence[Link], now: datetime) -> None:
    """Tell the cases of the earlier reports of this one."""
    await put(connection, [_told(link, report, now) for link in links])


def _told(link: Link, later: ReportReceived, now: datetime) -> Outgoing:
    event = ReportLinked(
        report_id=link.report_id,
        later_id=later.report_id,
        later_reference=later.reference,
        linked_at=now,
        reasons=link.reasons,
        words=link.words,
    )
    return outgoing(event, LINKED, SOURCE, now)
