"""Settings that are refused: said without a secret in what is said; and secrets of the demo, wherever they stand."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.escalation.settings import Settings as Escalation
from services.intake.settings import Settings
from shared.security import sha256
from shared.settings import DEMO_MARK

LONG = "a secret of thirty-two characters or more, this pass-word"
RIGHT: dict[str, Any] = {"database": "postgresql://intake:pass-word@db/intake", "kafka": "kafka:9092", "secret": LONG}
ESCALATIONS: dict[str, Any] = {
    "guest_database": "postgresql://guest:pass-word@db/escalation",
    "token_key": LONG,
    "audit_key": LONG,
}
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
    [
        {"secret": OF_THE_DEMO},
        {"secrets_before": [LONG, OF_THE_DEMO]},
        {"household_keys": {"first": OF_THE_DEMO}},
        {"database": f"postgresql://intake:{DEMO_MARK}0a1b@127.0.0.1:5432/intake"},
        {"kafka": f"tls://intake:{DEMO_MARK}0a1b@kafka:9092"},
    ],
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


@pytest.mark.parametrize(
    "where", [{"kafka": "demo-kafka:9092"}, {"database": "postgresql://demo-intake:pass-word@demo-db/demo-intake"}]
)
def test_a_host_may_be_called_after_the_demo(where: dict[str, Any]):
    assert Settings(**RIGHT | where)


def test_a_key_of_the_demo_is_nobodys_outside_it():
    keys = {"keys": {"telephony": sha256(OF_THE_DEMO), "desk": sha256(LONG)}}
    outside, inside = Settings(**RIGHT | keys), Settings(**RIGHT | keys, environment="demo")
    assert (outside.holder_of(OF_THE_DEMO), outside.holder_of(LONG)) == (None, "desk")
    assert inside.holder_of(OF_THE_DEMO) == "telephony"


def test_a_hash_of_a_key_is_one_however_it_is_written():
    assert Settings(**RIGHT, keys={"desk": sha256(LONG).upper()}).holder_of(LONG) == "desk"


@pytest.mark.parametrize("wrong", [LONG, sha256(LONG)[1:], f"{sha256(LONG)}  -"])
def test_what_is_no_hash_of_a_key_is_refused(wrong: str):
    with pytest.raises(ValidationError, match="sha256sum"):
        Settings(**RIGHT, keys={"desk": wrong})


def test_a_slash_at_the_end_of_an_address_is_not_doubled_in_front_of_a_path():
    live = Settings(**RIGHT, classifier_url="http://classifier:8002/", classifier_key=LONG)
    assert live.classifier_url == "http://classifier:8002"
    assert Escalation(**RIGHT | ESCALATIONS, public_url="https://heard.example/").public_url == "https://heard.example"


@pytest.mark.parametrize(
    ("kind", "half"),
    [
        (Settings, {"classifier_url": "http://classifier:8002"}),
        (Settings, {"classifier_key": LONG}),
        (Escalation, {"openid_issuer": "https://provider"}),
        (Escalation, {"openid_client_id": "heard"}),
    ],
)
def test_what_goes_together_is_set_together(kind: type[Settings] | type[Escalation], half: dict[str, Any]):
    assert kind(**RIGHT | ESCALATIONS)
    with pytest.raises(ValidationError, match="go together"):
        kind(**RIGHT | ESCALATIONS | half)


def test_agencies_requests_run_under_a_role_of_their_own():
    with pytest.raises(ValidationError, match="owns nothing"):
        Escalation(**RIGHT | ESCALATIONS | {"guest_database": RIGHT["database"]})
