"""The command line: its commands, its exit statuses, and how it reports errors."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from index.errors import MujibError
from qa.interfaces.cli.ask import ask
from qa.interfaces.cli.context import VERBOSE, models_of, settings_of
from qa.interfaces.cli.eval import eval_app
from qa.interfaces.cli.index import index_app
from qa.interfaces.cli.models import models_app
from qa.interfaces.cli.serve import chat, mcp

if TYPE_CHECKING:
    from qa.models import Models

app = typer.Typer(
    help="Mujib answers questions about a collection of articles, in Arabic or English, with checked citations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command(context_settings={"allow_extra_args": True})(ask)  # `ask` names the cure of a question without quotes
app.command()(mcp)
app.command()(chat)
app.add_typer(index_app, name="index")
app.add_typer(eval_app, name="eval")
app.add_typer(models_app, name="models")


def main(models: Models | None = None) -> None:
    """Run the command line with `models`, by default those on this computer.

    A `MujibError` is one line on standard error and its exit status.
    """
    try:
        app(obj=models)
    except MujibError as error:
        print(f"mujib: {error}", file=sys.stderr)
        raise SystemExit(error.exit_status) from None


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"mujib {version('mujib')}")
        raise typer.Exit


@app.callback()
def _set_options(
    context: typer.Context,
    *,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Log each step to standard error, as with MUJIB_LOG=info.")
    ] = False,
) -> None:
    context.meta[VERBOSE] = verbose


@app.command()
def doctor(context: typer.Context) -> None:
    """Say what is installed, which models and which index are there, what is wrong, and how to mend it."""
    from qa.interfaces.diagnostics import run_checks

    findings = run_checks(settings_of(context), models_of(context))
    for finding in findings:
        print(f"{'ok     ' if finding.sound else 'PROBLEM'} {finding.name}: {finding.text}")
    raise typer.Exit(0 if all(finding.sound for finding in findings) else 1)


if __name__ == "__main__":
    main()
