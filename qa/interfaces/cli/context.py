"""What the commands share: the settings, the models, and the annotations of common options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:  # a command imports what it needs when it runs: a shell asks for completions at each press of Tab
    from index import Collection
    from qa.models import Models
    from qa.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
Yes = Annotated[bool, typer.Option("--yes", help="Even if more than half of the articles would be removed.")]

VERBOSE = "mujib.verbose"  # where `--verbose` is kept for the command that follows it

errors = Console(stderr=True, soft_wrap=True, highlight=False)  # all but results is written to standard error


def settings_of(context: typer.Context) -> Settings:
    """Load the settings, and log as they and `--verbose` say. Raises `SettingsError`."""
    from qa.logs import configure_logging
    from qa.settings import load_settings

    settings = load_settings()
    configure_logging("info" if context.meta.get(VERBOSE) and settings.log == "warning" else settings.log)
    return settings


def models_of(context: typer.Context) -> Models:
    """Return the models that the command line was started with, by default those on this computer."""
    if context.obj is not None:
        models: Models = context.obj
        return models
    from qa.models import LocalModels

    return LocalModels()


def collection_of(context: typer.Context) -> Collection:
    """Return the collection of the settings; nothing of it is read yet."""
    from qa.engine import open_collection

    return open_collection(settings_of(context), models_of(context))
