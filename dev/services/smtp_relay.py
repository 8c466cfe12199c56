"""The relay of dev/services/smtp: three listeners, and each message that was taken as a JSON file.

The listener `starttls` wants TLS and then a password, `tls` speaks TLS from the first byte and wants the password as well, `clear`
wants neither. Recipients whose name begins with `refused` are refused for good, those with `later` for now.
"""

import asyncio
import json
import ssl
import sys
import uuid
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER, PASSWORD = b"elido", b"p@ss word/1"


class Messages:
    """Takes messages."""

    def __init__(self, folder, listener):
        self.folder, self.listener = folder, listener

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 5.1.1 nobody of that name"
        if address.startswith("later"):
            return "451 4.3.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = {
            "listener": self.listener,
            "tls": session.ssl is not None or self.listener == "tls",
            "host": session.host_name,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "data": envelope.content.decode(),
        }
        name = uuid.uuid4().hex
        unfinished = self.folder / f"{name}.unfinished"
        unfinished.write_text(json.dumps(message))
        unfinished.rename(self.folder / f"{name}.json")
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=right)


async def main(folder):
    certificates = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificates.load_cert_chain(folder / "relay.pem", folder / "relay.key")
    wanting = {"auth_required": True, "authenticator": authenticate}
    listeners = {
        "starttls": (None, {**wanting, "tls_context": certificates, "require_starttls": True}),
        "tls": (certificates, {**wanting, "auth_require_tls": False}),
        "clear": (None, {}),
    }
    loop = asyncio.get_running_loop()
    servers = []
    for name, (context, options) in listeners.items():
        def connection(name=name, options=options):
            return SMTP(Messages(folder / "messages", name), enable_SMTPUTF8=True, loop=loop, **options)

        server = await loop.create_server(connection, "127.0.0.1", 0, ssl=context)
        (folder / name).write_text(str(server.sockets[0].getsockname()[1]))
        servers.append(server)
    (folder / "ready").touch()
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main(Path(sys.argv[1])))
