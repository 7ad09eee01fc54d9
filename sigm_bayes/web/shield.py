"""What stands before every request: only this computer and this site, no data in addresses, nothing kept or logged."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("sigm_bayes.web")
HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
"""Names under which the page answers. Any other one is a foreign name that was pointed at this computer."""
MAX_BODY = 1_000_000
"""Bytes of a request; a patient is about two thousand."""
HEADERS: tuple[tuple[bytes, bytes], ...] = tuple(
    (name.encode(), value.encode())
    for name, value in {
        "cache-control": "no-store",
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }.items()
)


class Refused(Exception):
    """A request that is not passed on: status and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Shield:
    """ASGI middleware; see the module.

    Parameters
    ----------
    app
        The application behind it.
    max_body
        Bytes of a request that are read at most; above, 413.
    """

    def __init__(self, app: ASGIApp, *, max_body: int = MAX_BODY) -> None:
        self.app, self.max_body = app, max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the request, pass it on with its body, add the headers; an error tells its place, never its values."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False
        headers_only = scope["method"] == "HEAD"
        if headers_only:  # whatever can be got can be asked for its headers
            scope = {**scope, "method": "GET"}

        async def send_shielded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = {name for name, _ in HEADERS}
                kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in own]
                message = {**message, "headers": [*kept, *HEADERS]}
            elif headers_only:
                message = {**message, "body": b""}
            await send(message)

        try:
            check(scope)
            body = await self._body(scope, receive)
            await self.app(scope, _replay(body, receive), send_shielded)
        except Refused as refusal:
            await _plain(scope, send_shielded, refusal.status, refusal.message)
        except Exception as error:  # the last stand between patient data and a log
            LOG.error("unexpected %s in %s", type(error).__name__, place(error))
            if not started:
                text = f"Something went wrong in {place(error)}. What was entered is not in this message or in any log."
                await _plain(scope, send_shielded, 500, text)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        stated = _header(scope, b"content-length")
        if stated is not None and (not stated.isdigit() or int(stated) > self.max_body):
            raise Refused(413, self._too_large())
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refused(400, "The request ended early.")
            part = message.get("body", b"")
            size += len(part)
            if size > self.max_body:
                raise Refused(413, self._too_large())
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)

    def _too_large(self) -> str:
        return f"The request is larger than {self.max_body:,} bytes. For many people use: sigm score."


def check(scope: Scope) -> None:
    """Refuse a foreign host, another origin, and data in the address.

    Raises
    ------
    Refused
        With the status and the reason.
    """
    host = _header(scope, b"host")
    if host is None or _host_name(host) not in HOSTS:
        raise Refused(421, "This page answers to 127.0.0.1 and localhost only.")
    if scope.get("query_string"):
        raise Refused(
            400, "No data in addresses: they are kept in histories and logs. Send them in the body of a POST."
        )
    if scope["method"] in ("GET", "HEAD"):
        return
    origin, site = _header(scope, b"origin"), _header(scope, b"sec-fetch-site")
    if site not in (None, "same-origin", "none") or origin not in (None, f"{scope.get('scheme', 'http')}://{host}"):
        raise Refused(403, "Another site may not send forms to this page.")


def _host_name(host: str) -> str:
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018 (a port that is no number raises)
        return parts.hostname or ""
    except ValueError:
        return ""


def _header(scope: Scope, name: bytes) -> str | None:
    found = [value for key, value in scope["headers"] if key.lower() == name]
    return found[-1].decode("latin-1") if found else None


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _plain(scope: Scope, send: Send, status: int, message: str) -> None:
    machine = scope["path"].startswith(("/api/", "/cds-services"))
    text = json.dumps({"problems": [{"field": "", "message": message, "remedy": ""}]}) if machine else f"{message}\n"
    kind = b"application/json" if machine else b"text/plain; charset=utf-8"
    body = text.encode()
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def place(error: Exception) -> str:
    """Return file and line of ours in which an error arose; never its text, which may hold patient data."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "sigm_bayes" in Path(frame.filename).parts] or frames
    return f"{'/'.join(Path(ours[-1].filename).parts[-2:])}, line {ours[-1].lineno}" if ours else "an unknown place"
