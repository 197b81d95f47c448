"""Settings that are refused: said without a secret in what is said; and secrets of the demo, wherever they stand."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.settings import Settings
from shared.settings import DEMO_MARK

LONG = "a secret of thirty-two characters or more, this pass-word"
RIGHT: dict[str, Any] = {"database": "postgresql://intake:pass-word@db/intake", "kafka": "kafka:9092", "secret": LONG}
OF_THE_DEMO = DEMO_MARK + LONG


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "short pass-word"},
        {"kafka": "http://heard:pass-word@kafka:9092"},
        {"secret": OF_THE_DEMO},
        {"secrets_before": ["short pass-word"]},
        {"household_keys": {"first": "short pass-word"}},
        {"connections": 3},
    ],
)
def test_no_secret_is_said_where_settings_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ValidationError) as refused:
        Settings(**RIGHT | wrong)
    assert "pass-word" not in str(refused.value)


@pytest.mark.parametrize(
    "where",
    [{"secret": OF_THE_DEMO}, {"secrets_before": [LONG, OF_THE_DEMO]}, {"household_keys": {"first": OF_THE_DEMO}}],
)
def test_a_secret_of_the_demo_is_refused_outside_it(where: dict[str, Any]):
    with pytest.raises(ValidationError, match="demo credential"):
        Settings(**RIGHT | where)
    assert Settings(**RIGHT | where, environment="demo")


@pytest.mark.parametrize(
    "where", [{"secret": "short"}, {"secrets_before": [LONG, "short"]}, {"household_keys": {"first": "short"}}]
)
def test_a_secret_that_could_be_guessed_is_refused(where: dict[str, Any]):
    with pytest.raises(ValidationError, match="at least 32"):
        Settings(**RIGHT | where)
