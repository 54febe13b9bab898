"""The commands that serve until they are stopped: `chat` people and programs, `mcp` assistants."""

from __future__ import annotations

from functools import cache
from typing import Annotated

import typer

from index.errors import UsageError
from qa.interfaces.cli.context import errors, models_of, settings_of


def mcp(context: typer.Context) -> None:
    """Serve assistants over standard input and output (Model Context Protocol): ask, search, read_article."""
    settings, models = settings_of(context), models_of(context)

    from qa.interfaces.http.mcp_server import build_mcp_server
    from qa.service import Mujib

    build_mcp_server(cache(lambda: Mujib.from_settings(settings, models))).run("stdio")


def chat(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
) -> None:
    """Open the chat page, and on the same port the API for programs (`/v1`)."""
    settings, models = settings_of(context), models_of(context)

    from qa.interfaces.web.app import LOOPBACK, application, require_free, serve
    from qa.interfaces.web.startup import Startup

    password = settings.auth.get_secret_value()
    if host not in LOOPBACK and not password:
        raise UsageError(f"on {host} others could ask too: set a password in MUJIB_AUTH first, or leave --host out.")
    require_free(host, port)
    startup = Startup(settings, models)
    startup.begin()
    app = application(startup, host, port, password)
    errors.print(f"Mujib is at http://{host}:{port} - stop it with Ctrl+C.")
    serve(app, host, port)
