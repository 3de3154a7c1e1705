"""A mail server (aiosmtpd) and a webhook receiver (standardwebhooks) on the loopback interface.

receivers.py SECRET first writes a line `{"mail": PORT, "hook": PORT}`, then a line for each arrival:
`{"to", "subject", "id"}` of a mail, `{"webhook_id", "body"}` of a verified call, `{"refused"}` of one
whose signature is wrong, which is answered with 401.
"""

import asyncio
import email
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.smtp import SMTP
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

webhook = Webhook(sys.argv[1])
lock = threading.Lock()


def say(**what):
    with lock:
        print(json.dumps(what), flush=True)


class Mail:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content)
        for to in envelope.rcpt_tos:
            say(to=to, subject=message["Subject"], id=message["Message-ID"])
        return "250 2.0.0 taken"


class Hook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            # Of the public library: it checks the signature and the time.
            data = webhook.verify(body, dict(self.headers.items()))
            status = 204
            say(webhook_id=self.headers["webhook-id"], body=data)
        except WebhookVerificationError as error:
            status = 401
            say(refused=str(error))
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


async def main():
    hook = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    loop = asyncio.get_running_loop()
    mail = await loop.create_server(lambda: SMTP(Mail(), loop=loop), "127.0.0.1", 0)
    say(mail=mail.sockets[0].getsockname()[1], hook=hook.server_address[1])
    await mail.serve_forever()


asyncio.run(main())
