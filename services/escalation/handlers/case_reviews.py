"""ASB Case Reviews: counted, proposed to the panel and offered to the reporter; planned, followed up and closed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID, uuid5

from services.escalation.domain.case_review import UNWANTED, Count, count, review_asked
from services.escalation.domain.directory import Directory, Kind
from services.escalation.domain.rules import Rules
from services.escalation.errors import NotNow, NotSo, UnknownReport
from services.escalation.handlers import deliveries
from services.escalation.handlers.sending import progressed
from services.escalation.repository import audit, case_reviews, cases, queue, work
from services.escalation.repository.audit import Entry
from services.escalation.repository.cases import JudgedCase
from shared.database import Connection, Pool, transaction
from shared.events import Destination, Progress, ReportClassified, SafeWords
from shared.outbox import Bell, put

QUEUE: Final = "case_review"
ASKED_FOR: Final = "the control room asks for an ASB Case Review"

NOTHING_BEFORE: Final[Mapping[UUID, Collection[str]]] = {}

AskedBy = Literal["threshold", "reporter", "operator"]


async def counted(connection: Connection, events: Sequence[ReportClassified], rules: Rules) -> dict[UUID, Count]:
    """The complaints of each report's victim, household or community, with the report itself, in known areas.

    Each report comes with the reading that counts: the rules', or what a person says in its place.
    """
    earlier = {reference for event in events if may_be_due(event) for reference in event.report.history.references}
    known = await cases.by_reference(connection, sorted(earlier)) if earlier else {}
    known |= {event.report.reference: event for event in events}
    found: dict[UUID, Count] = {}
    for event in events:
        area = rules.area_of(event.report.place)
        if area is not None and may_be_due(event):
            earlier_ones = (known[r] for r in event.report.history.references if r in known)
            linked = [one for one in earlier_ones if one.report_id != event.report_id]
            found[event.report_id] = _counted([*linked, event], area, rules)
    return found


def _counted(complaints: Sequence[ReportClassified], area: str, rules: Rules) -> Count:
    """By the area's threshold, with whom any of them complains of."""
    against = frozenset[str]().union(*(rules.complained_of(one.report) for one in complaints))
    return replace(count(complaints, rules.directory.area(area).case_review), against=against)


def may_be_due(event: ReportClassified) -> bool:
    """It may be one complaint too many, or asks for a review whatever the count."""
    unwanted = event.assessment is not None and bool(UNWANTED & set(event.assessment.labels))
    return unwanted or review_asked(event.report)


async def propose(
    connection: Connection,
    opened: Sequence[JudgedCase],
    counts: Mapping[UUID, Count],
    rules: Rules,
    now: datetime,
    before: Mapping[UUID, Collection[str]] = NOTHING_BEFORE,
) -> None:
    """Propose a review for each report at the threshold, or that asks for one.

    One that is under way hears of the further report, and that the reporter asks for it. The reporter is told of it
    where what they told in this very report is enough: somebody else may know all that is given as a contact, and
    learn from an offer that others told of the same address. `before`: the earlier reports that those in a review
    named when they were last judged; what a dispute parted goes on in no review together.
    """
    against = {case.event.report.reference: rules.complained_of(case.event.report) for case in opened}
    to = {case.event.report_id: [d.agency for d in case.route.destinations if d.queue == QUEUE] for case in opened}
    parted = {case.event.report_id: _parted(case.event, before) for case in opened}
    of = [(case.event.report_id, case.event) for case in opened]
    if touched := [_series(event) | parted[i] for i, event in of if to[i] or parted[i]]:
        await case_reviews.lock(connection, set().union(*touched))
    complaining = [reference for reference, agencies in against.items() if agencies]
    reviewed = await case_reviews.about(connection, complaining) if complaining else []
    for case in opened:
        report_id, reference = case.event.report_id, case.event.report.reference
        if reviews := [row for row in reviewed if row["reference"] == reference]:
            await _kept_from(against[reference], connection, case.event, reviews, now)
        if parted[report_id]:
            await _part(connection, case.event, parted[report_id], bool(to[report_id]))
        if to[report_id] and not case.drill:
            asked_by: AskedBy = "reporter" if review_asked(case.event.report) else "threshold"
            await _proposed(connection, case.event, to[report_id][0], counts[report_id], asked_by, now)


def _series(event: ReportClassified) -> set[str]:
    return {event.report.reference, *event.report.history.references}


def _parted(event: ReportClassified, before: Mapping[UUID, Collection[str]]) -> set[str]:
    """What it named and names no longer; nothing where it names only the last of many: those before may be of them."""
    history = event.report.history
    whole = history.reports == len(history.references)
    return {*before.get(event.report_id, ())}.difference(history.references) if whole else set()


async def _part(connection: Connection, event: ReportClassified, parted: set[str], goes_on: bool) -> None:
    """What was disputed is in no review together: it stays with the report that it began with and those named by it.

    Where that one is at the threshold no longer, it stays with the others. What is named no longer because it is being
    erased parts nothing: the review goes on about the rest.
    """
    series = _series(event)
    if not await work.disputed(connection, series, parted):
        return
    theirs = {row["id"] for row in await case_reviews.about(connection, parted) if row["state"] != "closed"}
    for row in await case_reviews.about(connection, [event.report.reference]):
        if row["id"] in theirs:
            stays = goes_on and row["began_with"] in series
            await case_reviews.leave(connection, parted if stays else series, [row["id"]])


async def _proposed(
    connection: Connection, event: ReportClassified, panel: str, complaints: Count, asked_by: AskedBy, now: datetime
) -> tuple[UUID, str]:
    """Which review it is part of now, and whose that is: one that is under way may be another panel's."""
    references, told = [one.reference for one in complaints.complaints], timeline(complaints)
    report_id, reference = event.report_id, event.report.reference
    asks = asked_by == "reporter"
    offered = not _anonymous(event) and (asks or complaints.by_itself)
    under_way = await case_reviews.open_for(connection, references, but=complaints.against)
    review_id: UUID = under_way["id"] if under_way else _review_id(event, asked_by, now)
    if under_way:
        await case_reviews.update_timeline(connection, review_id, told)
        join = case_reviews.ask if asks else case_reviews.offer
        news = offered and await join(connection, review_id, report_id)
    else:
        news = await case_reviews.add(connection, review_id, panel, report_id, reference, asked_by, offered, told, now)
    if under_way or news:
        await case_reviews.add_reports(connection, review_id, references)
    if news and offered:
        await _tell_reporter(connection, event, panel, asked_by, now)
    await _without(complaints.against, connection, review_id, event, now)
    return review_id, under_way["agency_id"] if under_way else panel


async def _kept_from(
    against: frozenset[str], connection: Connection, event: ReportClassified, reviews: Sequence[Any], now: datetime
) -> None:
    """Whoever a report complains of by now, and is in a review that it is part of, knows no more of it there."""
    its_own = [row["id"] for row in reviews if row["agency_id"] in against]
    await case_reviews.forget(connection, [event.report.reference], its_own)
    for row in reviews:
        if row["state"] != "closed":
            await _without(against, connection, row["id"], event, now)


async def _without(
    against: frozenset[str], connection: Connection, review_id: UUID, event: ReportClassified, now: datetime
) -> None:
    """Whoever was invited, and is complained of in any of the complaints, sees no more of the review."""
    await case_reviews.hold(connection, review_id)
    for agency in await case_reviews.uninvite(connection, review_id, against):
        detail = {"body": agency, "review": str(review_id)}
        why = "complained of, by what was told"
        entry = Entry(now, "escalation", "taken out of the case review", event.report_id, why, detail)
        await audit.record(connection, [entry])


def _review_id(event: ReportClassified, asked_by: AskedBy, now: datetime) -> UUID:
    """One for each time that it was asked for: a report that is read anew does not ask again for what was closed."""
    asked_at = {"reporter": event.report.case_review_asked_at, "operator": now}.get(asked_by)
    return uuid5(event.report_id, f"case-review/{asked_by}" + (f"/{asked_at.isoformat()}" if asked_at else ""))


async def _tell_reporter(
    connection: Connection, event: ReportClassified, panel: str, asked_by: AskedBy, now: datetime
) -> None:
    """That they can ask for a review; or, where they did, that those who decide on it have heard."""
    progress, words = Progress.review_offered, SafeWords.a_review_can_be_asked_for
    if asked_by == "reporter":
        progress, words = Progress.review_asked, SafeWords.a_review_was_asked_for
    await put(connection, [progressed(event.report_id, panel, progress, now, words)])


def timeline(complaints: Count) -> list[dict[str, Any]]:
    """Every complaint, oldest first, with whether it counts and why: plain values, as they are kept."""
    return [asdict(one) | {"made_at": one.made_at.isoformat(), "why": one.why.value} for one in complaints.complaints]


def _anonymous(event: ReportClassified) -> bool:
    contact = event.report.contact
    return contact is None or not (contact.name or contact.phone or contact.email)


async def ask(report_id: UUID, force: str, who: str, rules: Rules, pool: Pool, bell: Bell, now: datetime) -> UUID:
    """An operator of this police force asks the area's panel, whatever the count: the report is handed over to it.

    Raises UnknownReport for another force's report, NotSo for a drill, or NotNow with what to do.
    """
    async with transaction(pool) as connection:
        known = (await cases.locked(connection, [report_id])).get(report_id)
        event = await cases.event(connection, report_id)
        if event is None or known is None:
            raise UnknownReport("No report has this id.")
        area = _area(event, force, known.moved_to, rules)
        row = await queue.item(connection, force, report_id)
        if row and row["drill"]:
            raise NotSo("A drill is delivered to nobody.")
        earlier = await cases.by_reference(connection, event.report.history.references)
        linked = [one for one in earlier.values() if one.report_id != report_id]
        complaints = _counted([*linked, event], area, rules)
        panel = _panel(area, complaints.against, rules.directory)
        await case_reviews.lock(connection, _series(event))
        review_id, whose = await _proposed(connection, event, panel, complaints, "operator", now)
        detail = {"body": whose, "review": str(review_id)}
        await audit.record(connection, [Entry(now, who, "asked for a case review", report_id, "", detail)])
        to = Destination(agency=whose, queue=QUEUE, reason=ASKED_FOR, ground=_ground(whose, event, rules))
        await deliveries.hand_over(connection, event, to, rules.directory, now)
    bell.ring()
    return review_id


def _area(event: ReportClassified, force: str, moved_to: str | None, rules: Rules) -> str:
    """The report's area, where this force works it, or was sent it by a person."""
    area = rules.area_of(event.report.place)
    if area is None:
        raise NotNow("Which area's panel it is for is not known: correct the postcode first.")
    acting = rules.directory.acting_force(area, rules.complained_of(event.report))
    if force != (moved_to or (acting.id if acting else None)):
        raise UnknownReport("No report of yours has this id.")
    return area


def _ground(panel: str, event: ReportClassified, rules: Rules) -> str:
    ground = rules.ground(panel, event.report)
    if ground is None:
        raise NotNow("The reporter has not agreed that the panel is told. Ask them; unknown is no.")
    return ground


def _panel(area: str, against: frozenset[str], directory: Directory) -> str:
    """The area's panel that no complaint is about."""
    panels = [panel.id for panel in directory.in_area(area, Kind.case_review) if panel.id not in against]
    if not panels:
        raise NotNow("No panel of the directory may have it in this area: add one, or tell a supervisor.")
    return panels[0]
