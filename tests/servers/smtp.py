"""A real mail server for the tests: STARTTLS and a password are demanded before it takes a message.

usage: smtp.py FOLDER CERTIFICATE KEY   (user and password in SMTP_USER and SMTP_PASSWORD)

It listens on a free loopback port and prints `listening on PORT`. Each message taken becomes NNNN.eml (as it came) and
NNNN.json (envelope, subject and text, decoded) in FOLDER; the second appears only when both are whole. While the file
FOLDER/refuse exists, its content is the answer to every recipient, for example `550 5.1.1 no such mailbox`.
"""

import asyncio
import email
import email.policy
import json
import os
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Folder:
    """Takes what the server hands over; knows nothing of sockets."""

    def __init__(self, path):
        self.path = path
        self.taken = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        refuse = self.path / "refuse"
        if refuse.exists():
            return refuse.read_text().strip()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.taken += 1
        name = f"{self.taken:04}"
        (self.path / f"{name}.eml").write_bytes(envelope.content)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = {"plain": "", "html": ""}
        for kind in parts:
            body = message.get_body(preferencelist=(kind,))
            if body is not None:
                parts[kind] = body.get_content()
        record = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": str(message["subject"] or ""),
            "headers": {key.lower(): str(value) for key, value in message.items()},
            "text": parts["plain"],
            "html": parts["html"],
        }
        unfinished = self.path / f"{name}.unfinished"
        unfinished.write_text(json.dumps(record))
        unfinished.rename(self.path / f"{name}.json")
        return "250 OK"


def authenticator(user, password):
    expected = LoginPassword(user.encode(), password.encode())

    def check(server, session, envelope, mechanism, data):
        return AuthResult(success=data == expected, handled=False)

    return check


async def main():
    folder, certificate, key = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    check = authenticator(os.environ["SMTP_USER"], os.environ["SMTP_PASSWORD"])
    handler = Folder(pathlib.Path(folder))

    def connection():
        return SMTP(
            handler,
            hostname="localhost",
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=check,
            enable_SMTPUTF8=True,
        )

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    print(f"listening on {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


asyncio.run(main())
