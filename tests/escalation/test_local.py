"""Times as staff read them."""

from datetime import UTC, datetime

from services.escalation.domain.local import local


def test_a_time_is_that_of_the_clock_on_the_wall():
    assert local(datetime(2026, 6, 12, 12, 5, tzinfo=UTC), "%d %B %H:%M %Z") == "12 June 13:05 BST"
    assert local(datetime(2026, 12, 31, 23, 5, tzinfo=UTC), "%d %B %H:%M %Z") == "31 December 23:05 GMT"
