"""The web application: the page in every language and the HTTP API on one port."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import FileResponse, RedirectResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from index.text.languages import DEFAULT_LANGUAGE, LANGUAGE_TABLE, is_known
from qa.errors import PortBusyError
from qa.interfaces.http.api import build_api
from qa.interfaces.i18n import PAGE_LANGUAGES
from qa.interfaces.web import prepare_environment
from qa.interfaces.web.negotiation import COOKIE, page_address
from qa.interfaces.web.security import SecurityMiddleware
from qa.interfaces.web.startup import Startup

LOOPBACK = ("127.0.0.1", "localhost", "::1")
USER = "mujib"  # the name that goes with the password
_STATIC = Path(__file__).with_name("static")
_STATIC_FILES = ("style.css", "script.js", "icon.svg")
_YEAR = 365 * 24 * 3600  # seconds


def require_free(host: str, port: int) -> None:
    """Raise `PortBusyError` when nothing can be opened on `host` and `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortBusyError(
                f"the page cannot be opened on {host}:{port} ({error.strerror}). Choose another with --port."
            ) from None


def application(startup: Startup, host: str, port: int, password: str = "") -> FastAPI:
    """Return the page in every language, with the HTTP API on the same port.

    With a `password` both ask for it: the page from the user `mujib`, programs as their key. Without one only requests
    that name this computer are accepted: a page from elsewhere could otherwise come in under a name of its own.
    """
    app = build_api(startup.mujib, password)
    _add_static_files(app)
    _add_language_choice(app)
    _mount_pages(app, startup, host, port, password)
    app.add_middleware(SecurityMiddleware)
    if not password:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, host])
    return app


def _mount_pages(app: FastAPI, startup: Startup, host: str, port: int, password: str) -> None:
    prepare_environment()
    import gradio as gr

    from qa.interfaces.web.page import build_page, page_theme

    for language in reversed(PAGE_LANGUAGES):  # the default last: its path takes all that is left
        gr.mount_gradio_app(
            app,
            build_page(startup, language),
            path=LANGUAGE_TABLE[language].path,
            server_name=host,
            server_port=port,
            auth=(USER, password) if password else None,
            theme=page_theme(),
            footer_links=[],
            run_history=False,
            show_error=False,
            ssr_mode=False,
        )


def _add_static_files(app: FastAPI) -> None:
    """Add what the page loads beside Gradio's own files, and what shows it that the server is there."""
    server_id = secrets.token_hex(4)  # another one after a restart, of which an open page's sessions know nothing

    @app.get("/page/alive", include_in_schema=False)
    def alive() -> Response:
        return Response(status_code=204, headers={"X-Mujib": server_id})

    @app.get("/page/{name}", include_in_schema=False)
    def static_file(name: str) -> Response:
        if name not in _STATIC_FILES:
            return Response(status_code=404)
        return FileResponse(_STATIC / name, headers={"Cache-Control": "no-cache"})


def _add_language_choice(app: FastAPI) -> None:
    """Add the links with which a reader chooses the language of the page."""

    @app.get("/language/{name}", include_in_schema=False)
    def choose_language(name: str) -> Response:
        chosen = name if is_known(name) else DEFAULT_LANGUAGE
        response = RedirectResponse(page_address(chosen))
        response.set_cookie(COOKIE, chosen, max_age=_YEAR, samesite="lax", httponly=True)
        return response


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve an `application` until interrupted."""
    # An open page keeps a connection: it is not waited for when the server is stopped.
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=1)
