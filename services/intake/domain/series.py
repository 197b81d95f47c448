"""Linked reports make a series; a disputed link parts it."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

Edge = tuple[UUID, UUID]
"""A link: (later, earlier)."""

TOLD_OF: Final = 20
"""The most earlier reports that a report is linked to directly."""

MOST_REREAD: Final = 20
"""Reports that are read anew beside those whose own links are cut, the newest first: each is an open case perhaps."""


def reach(start: UUID, edges: Iterable[Edge]) -> set[UUID]:
    """Every report that `start` is linked to, directly or through others."""
    neighbours: dict[UUID, set[UUID]] = {}
    for one, other in edges:
        neighbours.setdefault(one, set()).add(other)
        neighbours.setdefault(other, set()).add(one)
    found, ahead = {start}, [start]
    while ahead:
        new = neighbours.get(ahead.pop(), set()) - found
        found |= new
        ahead.extend(new)
    return found


def parting(leaves: UUID, stays: UUID, edges: Iterable[Edge]) -> tuple[set[Edge], set[UUID]]:
    """What to undo so that the two no longer belong together: the links to cut, and the reports that go along.

    The one that `leaves` loses every link to whatever is linked to the other without it.
    """
    every = set(edges)
    side = reach(stays, (edge for edge in every if leaves not in edge))
    cut = {edge for edge in every if leaves in edge and (edge[0] in side or edge[1] in side)}
    return cut, reach(leaves, every - cut)


def told_otherwise(told: Sequence[UUID], since: UUID, cut: Iterable[Edge]) -> list[UUID]:
    """Of a series, in the order told: those whose history is another once these links to what is `since` are cut."""
    changed = {*told[told.index(since) :][-MOST_REREAD:]}.union(*cut)
    return [report_id for report_id in told if report_id in changed]
