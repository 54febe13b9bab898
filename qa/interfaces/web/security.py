"""Limits on requests, and headers that keep the page to this server.

Gradio's own routes that read files, fetch addresses, take uploads or describe the machine are closed: only the listed
paths are open. The page is sent in the reader's language, with a content security policy under which only this server's
scripts run (`unsafe-eval`: Gradio compiles the templates of its HTML components) and nothing is requested elsewhere.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.text.languages import DEFAULT_LANGUAGE, LANGUAGE_TABLE, direction_of
from qa.interfaces.web.negotiation import page_address, wanted_language
from qa.types import Language

_MAX_BODY = 8_000_000  # bytes of a request: the chats of a browser fit in
_PAGE_PREFIXES = "|".join(re.escape(info.path) for info in LANGUAGE_TABLE.values() if not info.is_default)
_OPEN_PATHS = re.compile(
    rf"({_PAGE_PREFIXES})?/("
    r"(gradio_api/)?(theme\.css|login_check/?|startup-events)|config/?|login/?|logout|favicon\.ico|"
    r"(assets|static|svelte)/.+|"
    r"gradio_api/(info|app_id|reset|cancel|queue/(join|data|status)|heartbeat/\w+|(run|call)/[\w/]+)/?"
    r")?|/(page|language)/[\w.]+|/v1/.*"
)
_PAGE_PATHS: dict[str, Language] = {
    path: info.code for info in LANGUAGE_TABLE.values() for path in (info.path, page_address(info.code))
}
_CONTENT_SECURITY_POLICY = (
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
_FOREIGN_LINKS = re.compile(r'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>|<link rel="manifest"[^>]*>')
_ASSETS = (
    '<link rel="icon" href="/page/icon.svg"><link rel="stylesheet" href="/page/style.css">'
    '<script src="/page/script.js"></script>'
)


@dataclass(frozen=True)
class SecurityMiddleware:
    """The ASGI application around all others."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, redirect or pass on a request; responses get the security headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refusal = _refusal(connection)
        if refusal:
            await _send_text(send, *refusal)
            return
        if scope["path"] == "/" and (wanted := wanted_language(connection)) != DEFAULT_LANGUAGE:
            await _send_text(send, 307, "", (b"location", page_address(wanted).encode()))
            return
        language = _PAGE_PATHS.get(scope["path"])
        if language:  # the page itself is rewritten, so it must not be compressed
            scope = {**scope, "headers": [item for item in scope["headers"] if item[0] != b"accept-encoding"]}
        await self.app(scope, receive, _SecuredResponse(send, language or DEFAULT_LANGUAGE))


def _refusal(connection: HTTPConnection) -> tuple[int, str] | None:
    """Return the status and text with which a request is refused; None when it is accepted."""
    if not _OPEN_PATHS.fullmatch(connection.scope["path"]):
        return 404, "there is nothing here"
    length = connection.headers.get("content-length", "0")
    is_number = length.isascii() and length.isdigit()
    if "transfer-encoding" in connection.headers or not is_number or int(length) > _MAX_BODY:
        return 413, f"a request has at most {_MAX_BODY:,} bytes, and says how many"
    return None


async def _send_text(send: Send, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
    body = text.encode()
    own_headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*own_headers, *headers, *_HEADERS]})
    await send({"type": "http.response.body", "body": body})


class _SecuredResponse:
    """Sends a response with the security headers; a page is held until it is complete, and rewritten."""

    def __init__(self, send: Send, language: Language) -> None:
        self._send = send
        self._language = language
        self._nonce = secrets.token_urlsafe(16)
        self._page_start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._add_headers(message)
            if dict(message["headers"]).get(b"content-type", b"").startswith(b"text/html"):
                self._page_start = message
                return
        elif self._page_start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_page(self._page_start)
            return
        await self._send(message)

    def _add_headers(self, message: Message) -> None:
        policy = _CONTENT_SECURITY_POLICY.format(nonce=self._nonce).encode()
        message["headers"] = [*message["headers"], *_HEADERS, (b"content-security-policy", policy)]

    async def _send_page(self, start: Message) -> None:
        body = _rewrite_page(self._body.decode(), self._language, self._nonce).encode()
        headers = [item for item in start["headers"] if item[0] != b"content-length"]
        await self._send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await self._send({"type": "http.response.body", "body": body})


def _rewrite_page(page: str, language: Language, nonce: str) -> str:
    """Return Gradio's page in a language, without links to other servers, its scripts marked with the nonce."""
    direction = direction_of(language)
    page = _FOREIGN_LINKS.sub("", page)
    page = page.replace('lang="en"', f'lang="{language}" dir="{direction}"', 1)
    page = page.replace("</head>", _ASSETS + "</head>", 1)
    return page.replace("<script", f'<script nonce="{nonce}"')
