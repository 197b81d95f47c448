"""A directory of many: what is looked at closely is enough."""

from hypothesis import given
from hypothesis import strategies as st

from services.escalation.domain.names import Index, is_called

TOWNS = ("Northmoor", "Southvale", "Ashby", "Long Marton", "Ely", "Wye", "Kirkby Stephen", "Bath", "Eastbourne")
BODIES = ("Police", "Council", "Homes", "Housing Association", "Academy", "Safeguarding", "Ambulance Service")
KNOWN = {f"{town} {body}": (f"{town} {body}", body[:4] + town) for town in TOWNS for body in BODIES}
INDEX = Index(KNOWN)


@st.composite
def as_typed(draw: st.DrawFn) -> str:
    """A known name as somebody may type it: words left out, letters wrong, and something around it."""
    words = draw(st.sampled_from(sorted(KNOWN))).split()
    kept = draw(st.lists(st.sampled_from(words), min_size=1, max_size=4))
    typed = [draw(st.sampled_from([word, word[:-1], word + "s", word[1:], word[:2] + "x" + word[3:]])) for word in kept]
    return " ".join([*draw(st.lists(st.sampled_from(["the", "PC Shaw of", "my", "neighbour"]), max_size=2)), *typed])


@given(as_typed() | st.text(max_size=40))
def test_nobody_who_is_called_is_passed_over(said: str):
    called = {one for one, names in KNOWN.items() if any(is_called(name, said) for name in names)}
    assert called <= INDEX.candidates(said)
