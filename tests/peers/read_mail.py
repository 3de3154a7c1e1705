"""Reads messages with Python's `email` and compares them with what they should say.

read_mail.py FOLDER reads each NAME.eml beside its NAME.json, and writes one line a message:
`{"name", "wrong": [...]}`.
"""

import email
import email.header
import email.policy
import email.utils
import json
import sys
from datetime import datetime, timezone
from pathlib import Path


def unfolded(text):
    """A text as readers show it: line ends of one kind, none at the end."""
    return text.replace("\r\n", "\n").rstrip("\n")


def parts_of(message):
    yield message
    if message.is_multipart():
        for part in message.iter_parts():
            yield from parts_of(part)


def wrong_in(raw, want):
    wrong = []

    def same(what, got, wanted):
        if got != wanted:
            wrong.append(f"{what}: {got!r} instead of {wanted!r}")

    if b"\n" in raw.replace(b"\r\n", b"") or b"\r" in raw.replace(b"\r\n", b""):
        wrong.append("a line does not end with CR LF")
    longest = max(len(line) for line in raw.split(b"\r\n"))
    if longest > 998:
        wrong.append(f"a line of {longest} bytes")
    if any(byte > 126 for byte in raw):
        wrong.append("bytes beyond ASCII")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    for part in parts_of(message):
        for defect in part.defects:
            wrong.append(f"defect: {defect!r}")
        for name, value in part.items():
            for defect in value.defects:
                wrong.append(f"defect in {name}: {defect!r}")
    names = [name.lower() for name in message.keys()]
    for name in set(names):
        if names.count(name) > 1:
            wrong.append(f"{name} stands there twice")

    legacy = email.message_from_bytes(raw)

    def one(header):
        [address] = message[header].addresses
        # Before 3.13.2 the modern parser keeps the blanks between the encoded words of a name (gh-128110).
        name, _ = email.utils.parseaddr(legacy[header].replace("\r\n", ""))
        name = str(email.header.make_header(email.header.decode_header(name)))
        return {"name": name, "address": address.addr_spec}

    same("subject", str(message["Subject"]), want["subject"])
    same("from", one("From"), want["from"])
    same("to", one("To"), {"name": "", "address": want["to"]})
    same("reply-to", one("Reply-To") if "Reply-To" in message else None, want["reply_to"])
    same("id", message["Message-ID"], want["id"])
    same("version", message["MIME-Version"], "1.0")
    date = datetime.fromtimestamp(want["date"] // 1000, timezone.utc)
    same("date", message["Date"].datetime, date)
    link = want["unsubscribe"]
    same("link", message["List-Unsubscribe"], link and f"<{link}>")
    post = "List-Unsubscribe=One-Click" if link else None
    same("post", message["List-Unsubscribe-Post"], post)
    kinds = [part.get_content_type() for part in parts_of(message)]
    if want["html"] is None:
        same("parts", kinds, ["text/plain"])
    else:
        same("parts", kinds, ["multipart/alternative", "text/plain", "text/html"])
        html = message.get_body(("html",))
        same("html", unfolded(html.get_content()), unfolded(want["html"]))
    text = message.get_body(("plain",))
    same("charset", text.get_content_charset(), "utf-8")
    same("text", unfolded(text.get_content()), unfolded(want["text"]))
    return wrong


for path in sorted(Path(sys.argv[1]).glob("*.eml")):
    want = json.loads(path.with_suffix(".json").read_text("utf-8"))
    print(json.dumps({"name": path.stem, "wrong": wrong_in(path.read_bytes(), want)}))
