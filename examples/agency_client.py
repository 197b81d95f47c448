"""A complete agency client on httpx: follow the feed, prove that nothing is missing, acknowledge each report.

    HEARD_URL=https://heard.example HEARD_AGENCY=northmoor-environmental-health HEARD_CLIENT_SECRET=… python agency_client.py

Its place is in HEARD_CURSOR, written once a page is dealt with: what was in hand at a crash comes again."""  # noqa: E501

import json
import os
import pathlib
import sys
import time
from typing import Any

import httpx

URL, AGENCY = os.environ["HEARD_URL"], os.environ["HEARD_AGENCY"]
LOGIN = (os.environ.get("HEARD_CLIENT_ID", AGENCY), os.environ["HEARD_CLIENT_SECRET"])
PLACE = pathlib.Path(os.environ.get("HEARD_CURSOR", "cursor.json"))


def ask(feed: httpx.Client, method: str, path: str, **given: Any) -> httpx.Response:
    """Again with a new token when the old one has run out, and later while the service is away or fails."""
    fresh = False
    while True:
        try:
            answer = feed.request(method, path, **given)
            if answer.status_code == 401 and not fresh:
                answer = feed.post(f"{URL}/oauth/token", data={"grant_type": "client_credentials"}, auth=LOGIN)
                if fresh := answer.is_success:
                    feed.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
                    continue
            refused = fresh and answer.status_code == 401  # a token of just now: not by all of Heard
            if answer.status_code < 500 and answer.status_code != 429 and not refused:
                return answer
            fresh = False
            time.sleep(int(answer.headers.get("Retry-After", "2")))
        except httpx.TransportError as error:
            print(f"no connection: {error}", file=sys.stderr)
            time.sleep(2)


def take(entry: dict[str, Any], feed: httpx.Client) -> None:
    """What your own system does with it; here, one line and an acknowledgement."""
    print(entry["position"], entry["kind"], entry["reference"], entry["queue"], flush=True)
    if entry["kind"] in ("report", "corrected") and entry["report"]:  # what was corrected may have come anew
        answer = ask(feed, "POST", f"/reports/{entry['report_id']}/acknowledge")
        if answer.status_code not in (404, 409):  # it is not yours any more: an entry that comes later says so
            answer.raise_for_status()


place = json.loads(PLACE.read_text()) if PLACE.exists() else {"position": 0, "after": ""}
with httpx.Client(base_url=f"{URL}/v1/agencies/{AGENCY}", timeout=40) as feed:
    while True:
        answer = ask(feed, "GET", "/reports", params={"after": place["after"], "wait": 30})
        if answer.status_code == 409:  # Heard restored the feed from a backup: what you have may come once more
            print(answer.json()["detail"], file=sys.stderr)
            place = {"position": 0, "after": ""}
            continue
        page = answer.raise_for_status().json()
        for entry in page["reports"]:
            if entry["position"] != place["position"] + 1:
                sys.exit(f"position {place['position'] + 1} is missing: tell Heard's operators")
            take(entry, feed)
            place["position"] += 1
        place["after"] = page["next"]
        PLACE.with_suffix(".next").write_text(json.dumps(place))
        PLACE.with_suffix(".next").replace(PLACE)
