"""The commands `index ...`: update, watch, forget, rebuild, status and check of the collection."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import ModelError, MujibError
from qa.interfaces.cli.context import Json, Quiet, Yes, collection_of, errors
from qa.interfaces.cli.progress import format_table, print_report, show_progress

if TYPE_CHECKING:
    from index.collection import UpdateReport

index_app = typer.Typer(help="The collection: bring it up to date, look at it, check it.", no_args_is_help=True)


@index_app.command()
def update(
    context: typer.Context,
    paths: Annotated[list[Path] | None, typer.Argument(help="Folders or files to add to the collection.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Yes = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Bring the index up to date with its folders, and with PATHS from now on."""
    collection = collection_of(context)
    if dry_run:
        preview = collection.preview(paths or [])
        print_report(preview.report, as_json, planned=True)
        if preview.refusal is not None and not yes:
            raise preview.refusal
        return
    with show_progress("indexing passages", quiet) as progress:
        report = collection.update(paths or [], confirmed=yes, progress=progress)
    print_report(report, as_json)


@index_app.command()
def watch(context: typer.Context, quiet: Quiet = False) -> None:
    """Bring the index up to date whenever articles arrive, change or go, until stopped with Ctrl+C."""
    collection = collection_of(context)

    def update() -> UpdateReport:
        with show_progress("indexing passages", quiet) as progress:
            return collection.update(progress=progress)

    def print_outcome(outcome: UpdateReport | MujibError) -> None:
        if isinstance(outcome, MujibError):
            print(f"mujib: {outcome}", file=sys.stderr, flush=True)
        elif outcome.done:
            print_report(outcome, as_json=False)
            sys.stdout.flush()

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    watched = ", ".join(str(source.path) for source in collection.sources())
    errors.print(f"watching {watched} - stop it with Ctrl+C.")
    with suppress(KeyboardInterrupt):
        collection.watch(print_outcome, update)


@index_app.command()
def forget(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A folder or file of the collection.")],
    *,
    yes: Yes = False,
) -> None:
    """Take a folder out of the collection, with its articles; its files stay where they are."""
    collection = collection_of(context)
    removed = collection.forget(path, confirmed=yes)
    print(f"{removed} removed")
    if collection.recorded_sources():
        errors.print("What another folder holds too comes back with the next `mujib index update`.")


@index_app.command()
def rebuild(context: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """Make the index anew from its folders, and put it in the place of the old one at the end."""
    collection = collection_of(context)
    with show_progress("indexing passages", quiet) as progress:
        report = collection.rebuild(progress)
    print_report(report, as_json)


@index_app.command()
def status(context: typer.Context, as_json: Json = False) -> None:
    """Say what the index holds."""
    record = asdict(collection_of(context).status())
    if as_json:
        print(json.dumps(record, ensure_ascii=False))
        return
    counts = {name: value for name, value in record["last_report"].items() if isinstance(value, int) and value}
    print(format_table(record | {"last_report": counts}))


@index_app.command()
def check(
    context: typer.Context,
    sample: Annotated[int | None, typer.Option(min=0, help="Passages that are embedded again (20); 0: none.")] = None,
    as_json: Json = False,
) -> None:
    """Read everything in the index, embed a sample again, and name what is wrong. Exit status 1 when something is."""
    collection = collection_of(context)
    try:
        problems = collection.check() if sample is None else collection.check(sample)
    except ModelError as error:
        problems = [f"no vector could be checked: {error}"]
    print(json.dumps({"problems": problems}, ensure_ascii=False) if as_json else "\n".join(problems) or "sound")
    raise typer.Exit(1 if problems else 0)
