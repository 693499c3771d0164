#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A receiver of awaitd's webhooks: verifies, takes each event once, answers.

Nothing but Python's standard library is needed.

	AWAITD_WEBHOOK_SECRET=$(cat hook.secret) python3 receiver.py [PORT]

Several secrets, while one takes the place of another, with blanks between.
Prints a line for each event that is new: id, content type, bytes.
"""
import base64
import hashlib
import hmac
import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY_MAX = 1024 * 1024
TOLERANCE_S = 300
KEYS = [
    base64.b64decode(secret[len("whsec_"):])
    for secret in os.environ.get("AWAITD_WEBHOOK_SECRET", "").split()
    if secret.startswith("whsec_")
]

# A real one keeps these where it keeps what it does with an event, and in the
# same transaction: then a copy that comes after a crash does no harm.
seen = set()
lock = threading.Lock()


def doubt(headers, body):
    """Why it is not to be believed, or None."""
    id = headers.get("webhook-id", "")
    at = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "").split(" ")
    if id == "" or not re.fullmatch("[1-9][0-9]{0,11}", at):
        return "not signed"
    if abs(time.time() - int(at)) > TOLERANCE_S:
        return "too old, or from the future"
    for key in KEYS:
        mac = hmac.new(key, f"{id}.{at}.".encode("latin-1") + body,
                       hashlib.sha256)
        right = b"v1," + base64.b64encode(mac.digest())
        for signature in signatures:
            if hmac.compare_digest(signature.encode("latin-1"), right):
                return None
    return "no signature is right"


def take(id, headers, body):
    """What this receiver is there for. It returns when that is done, or safe:
    a 2xx answer says so."""
    print(id, headers.get("content-type"), len(body), flush=True)


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not re.fullmatch("[0-9]{1,12}", length):
            return self.answer(411, "there is no length\n")
        if int(length) > BODY_MAX:
            return self.answer(413, "too large\n")
        # The bytes as they came: a signature is over nothing else.
        body = self.rfile.read(int(length))
        if len(body) != int(length):
            return self.answer(400, "cut short\n")
        why = doubt(self.headers, body)
        if why is not None:
            return self.answer(401, why + "\n")
        with lock:
            id = self.headers["webhook-id"]
            if id not in seen:
                take(id, self.headers, body)
                seen.add(id)
        return self.answer(204, "")

    def refuse_method(self):
        self.answer(405, "a webhook is a POST\n")

    do_GET = do_HEAD = do_PUT = do_DELETE = refuse_method

    def answer(self, status, text):
        # What was not read to its end is not waited for.
        self.close_connection = self.close_connection or status in (411, 413)
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    def log_message(self, format, *args):
        pass


def main():
    if not KEYS:
        sys.exit("AWAITD_WEBHOOK_SECRET holds no whsec_ secret")
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8787
    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    print(f"listening at http://127.0.0.1:{server.server_port}/",
          file=sys.stderr, flush=True)
    server.serve_forever()


main()
