"""aiosmtpd on three ports of the loopback interface.

mail_server.py CERTIFICATE KEY writes a line `{"plain", "starttls", "smtps"}` with their ports, then one
for each message: `{"port", "from", "to", "bytes" (base64), "user"}`. The encrypted ones take mail only
from the user `shop` with the password `hunter2`. Nobody is at `gone.example`.
"""

import asyncio
import base64
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[1], sys.argv[2])


def authenticate(server, session, envelope, mechanism, data):
    known = data == LoginPassword(b"shop", b"hunter2")
    return AuthResult(success=known, handled=known, auth_data="shop" if known else None)


class Taker:
    def __init__(self, name):
        self.name = name

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@gone.example"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        content = base64.b64encode(envelope.original_content).decode()
        said = {"port": self.name, "from": envelope.mail_from, "to": envelope.rcpt_tos}
        print(json.dumps({**said, "bytes": content, "user": session.auth_data}), flush=True)
        return "250 2.0.0 taken"


async def main():
    loop = asyncio.get_running_loop()
    ports = {}
    servers = []
    for name in ["plain", "starttls", "smtps"]:
        options = {}
        if name == "starttls":
            options = {"tls_context": tls, "require_starttls": True}
        if name != "plain":
            options |= {"authenticator": authenticate, "auth_required": True}
        if name == "smtps":
            # The connection is encrypted, which aiosmtpd does not see by itself.
            options["auth_require_tls"] = False

        def session(name=name, options=options):
            return SMTP(Taker(name), loop=loop, **options)

        encrypted = tls if name == "smtps" else None
        server = await loop.create_server(session, "127.0.0.1", 0, ssl=encrypted)
        servers.append(server)
        ports[name] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
