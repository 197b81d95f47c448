"""Hear from Heard that there is something in your feed, and know that it is Heard who says so.

    HEARD_WEBHOOK_SECRET=whsec_… python webhook.py 8080

Put it behind your own https. Needs standardwebhooks, by pip. What has come is asked for as agency_client.py does."""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

KEY = Webhook(os.environ["HEARD_WEBHOOK_SECRET"])


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:  # not from Heard, changed on the way, or signed more than five minutes ago
            message = KEY.verify(body, dict(self.headers))
        except WebhookVerificationError:
            self.send_error(401)
            return
        self.send_response(204)  # at once: Heard waits 20 seconds, and sends it again
        self.end_headers()
        print(message["type"], [entry["position"] for entry in message["data"]["entries"]], flush=True)


ThreadingHTTPServer(("", int(sys.argv[1])), Endpoint).serve_forever()
