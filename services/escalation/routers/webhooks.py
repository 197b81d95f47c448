"""What an agency's own endpoint is sent, where it has one: for the document alone, nothing is routed here."""

from typing import Annotated, Any, Final

from fastapi import Header

from services.escalation.handlers.webhooks import Message

NAME: Final = "reports.delivered"
ANSWERED: Final[dict[str, Any]] = {
    "status_code": 204,
    "response_description": "any 2xx: it has come",
    "responses": {some: {"description": "it is sent again"} for some in ("3XX", "4XX", "5XX")},
}


async def delivered(
    message: Message,
    webhook_id: Annotated[str, Header(description="the same each time that a message is sent again")],
    webhook_timestamp: Annotated[int, Header(description="of this attempt: refuse one five minutes from now")],
    webhook_signature: Annotated[str, Header(description="`v1,` and the HMAC-SHA256, in base64, with your secret")],
) -> None:
    """There is something new in your feed: ask for it, from where you were. The feed counts; this only saves time.

    Set up by `heard escalation webhook AGENCY URL`, which prints your secret (`whsec_…`). Signed as Standard Webhooks
    has it (standardwebhooks.com, with libraries; `examples/webhook.py`): over id, timestamp and the body's very bytes.

    Answer with a 2xx within 20 seconds, before you do anything long. Anything else, a redirect too, and it is sent
    again, under the same id, for 24 hours; then that message is given up, and the next entry makes another. Up to 100
    entries are in one message. The address is https and public.
    """
