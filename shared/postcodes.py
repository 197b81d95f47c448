"""Where a report is from: the whole postcode of its place. By it intake knows a household, and escalation an area."""

import re
from typing import Final

from shared.told import Place

AREAS: Final = frozenset((
    "AB", "AL", "B", "BA", "BB", "BD", "BH", "BL", "BN", "BR", "BS", "BT", "CA", "CB", "CF", "CH", "CM", "CO", "CR",
    "CT", "CV", "CW", "DA", "DD", "DE", "DG", "DH", "DL", "DN", "DT", "DY", "E", "EC", "EH", "EN", "EX", "FK", "FY",
    "G", "GL", "GU", "GY", "HA", "HD", "HG", "HP", "HR", "HS", "HU", "HX", "IG", "IM", "IP", "IV", "JE", "KA", "KT",
    "KW", "KY", "L", "LA", "LD", "LE", "LL", "LN", "LS", "LU", "M", "ME", "MK", "ML", "N", "NE", "NG", "NN", "NP",
    "NR", "NW", "OL", "OX", "PA", "PE", "PH", "PL", "PO", "PR", "RG", "RH", "RM", "S", "SA", "SE", "SG", "SK", "SL",
    "SM", "SN", "SO", "SP", "SR", "SS", "ST", "SW", "SY", "TA", "TD", "TF", "TN", "TQ", "TR", "TS", "TW", "UB", "W",
    "WA", "WC", "WD", "WF", "WN", "WR", "WS", "WV", "YO", "ZE", "ZZ",
))  # fmt: skip
"""The 124 that somebody may live in, and ZZ, which is nowhere: samples and tests are told from there."""

_SHAPE: Final = r"([A-Z]{1,2})(\d[A-Z\d]?)[ \xa0]{0,2}(\d[ABD-HJLNP-UW-Z]{2})"
_WHOLE: Final = re.compile(rf"\s*{_SHAPE}\s*", re.IGNORECASE)
_AMONG_WORDS: Final = re.compile(rf"\b{_SHAPE}\b", re.IGNORECASE)
_ORDINAL: Final = re.compile(r"1ST|2ND|3RD|[04-9]TH")


def found_in(words: str) -> tuple[str, ...]:
    """The whole postcodes in a text, each once, in their order: `ZZ14AB`.

    An ordinal is no second half, as in "B2 3rd floor", unless the text is the postcode and nothing else.
    """
    alone = _WHOLE.fullmatch(words)
    found = ([half.upper() for half in m.groups()] for m in ([alone] if alone else _AMONG_WORDS.finditer(words)))
    is_one = ((a, d, i) for a, d, i in found if a in AREAS and (alone or not _ORDINAL.fullmatch(i)))
    return tuple(dict.fromkeys("".join(halves) for halves in is_one))


def postcode_of(place: Place) -> str | None:
    """The one whole postcode of a place, from where it was asked for, or else from its words.

    None where two are there: which of them it is, a person says.
    """
    found = found_in(place.postcode or "") or found_in(place.words or "")
    return found[0] if len(found) == 1 else None
