"""Limits on requests, and headers that keep the page to this server.

Gradio's own routes that read files, fetch addresses, take uploads or tell of the machine are closed: what is open is
named. Its page is sent in the reader's language with a content security policy under which no script runs but those of
this server (`unsafe-eval`: Gradio compiles the templates of its HTML components) and nothing is asked of another one.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from qa.types import Language

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

COOKIE = "mujib_language"
_BODY = 8_000_000  # bytes of a request: the chats of a browser fit in
_OPEN = re.compile(
    r"(/ar)?/("
    r"(gradio_api/)?(theme\.css|login_check/?|startup-events)|config/?|login/?|logout|favicon\.ico|"
    r"(assets|static|svelte)/.+|"
    r"gradio_api/(info|app_id|reset|cancel|queue/(join|data|status)|heartbeat/\w+|(run|call)/[\w/]+)/?"
    r")?|/(page|language)/[\w.]+|/v1/.*"
)
_POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
_FOREIGN = re.compile(r'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>|<link rel="manifest"[^>]*>')
_ASSETS = (
    '<link rel="icon" href="/page/icon.svg"><link rel="stylesheet" href="/page/style.css">'
    '<script src="/page/script.js"></script>'
)


@dataclass(frozen=True)
class SecurityMiddleware:
    """The ASGI application around all others."""

    app: App

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass on a request that may come in, and what is answered to it with the headers it needs."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        refused = _refusal(scope, headers)
        if refused:
            await _send_text(send, *refused)
            return
        language = _language(scope["path"])
        if scope["path"] == "/" and _wanted(headers) == "ar":
            await _send_text(send, 307, "", (b"location", b"/ar/"))
            return
        if language:  # the page itself is rewritten, so it must not be compressed
            scope = {**scope, "headers": [item for item in scope["headers"] if item[0] != b"accept-encoding"]}
        await self.app(scope, receive, _Answering(send, language or "en"))


def _refusal(scope: Message, headers: dict[bytes, bytes]) -> tuple[int, str] | None:
    if not _OPEN.fullmatch(scope["path"]):
        return 404, "there is nothing here"
    length = headers.get(b"content-length", b"0")
    if b"transfer-encoding" in headers or not length.isdigit() or int(length) > _BODY:
        return 413, f"a request has at most {_BODY:,} bytes, and says how many"
    return None


def _language(path: str) -> Language | None:
    """Return the language of the page at this path, None when it is no page."""
    return "en" if path == "/" else "ar" if path in {"/ar", "/ar/"} else None


def _wanted(headers: dict[bytes, bytes]) -> str:
    """Return the language that the reader chose, or else the first that the browser names."""
    chosen = re.search(rf"\b{COOKIE}=(\w+)", headers.get(b"cookie", b"").decode("latin-1"))
    return chosen[1] if chosen else headers.get(b"accept-language", b"").decode("latin-1")[:2].lower()


async def _send_text(send: Send, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
    body = text.encode()
    about = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*about, *headers, *_HEADERS]})
    await send({"type": "http.response.body", "body": body})


class _Answering:
    """Sends an answer on with the headers it needs; a page is held until it is whole, and rewritten."""

    def __init__(self, send: Send, language: Language) -> None:
        self._send = send
        self._language = language
        self._nonce = secrets.token_urlsafe(16)
        self._page: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            policy = _POLICY.format(nonce=self._nonce).encode()
            kind = dict(message["headers"]).get(b"content-type", b"")
            message["headers"] = [*message["headers"], *_HEADERS, (b"content-security-policy", policy)]
            if kind.startswith(b"text/html"):
                self._page = message
                return
        elif self._page is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = _rewritten(self._body.decode(), self._language, self._nonce).encode()
            headers = [item for item in self._page["headers"] if item[0] != b"content-length"]
            self._page["headers"] = [*headers, (b"content-length", str(len(body)).encode())]
            await self._send(self._page)
            message = {"type": "http.response.body", "body": body}
        await self._send(message)


def _rewritten(page: str, language: Language, nonce: str) -> str:
    """Return Gradio's page in a language, without addresses of others, and with its scripts marked as ours."""
    direction = "rtl" if language == "ar" else "ltr"
    page = _FOREIGN.sub("", page)
    page = page.replace('lang="en"', f'lang="{language}" dir="{direction}"', 1)
    page = page.replace("</head>", _ASSETS + "</head>", 1)
    return page.replace("<script", f'<script nonce="{nonce}"')
