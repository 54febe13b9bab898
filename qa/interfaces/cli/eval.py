"""The commands `eval ...`: measure retrieval and answers on a file of questions, and fit the calibration."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from index.errors import UsageError
from qa.interfaces.cli.context import Json, Quiet, errors, models_of, settings_of
from qa.interfaces.cli.progress import show_progress

if TYPE_CHECKING:
    from qa.evaluation.dataset import Case
    from qa.evaluation.setup import EvaluationSetup

eval_app = typer.Typer(help="How good is it? Measured on a file of questions.", no_args_is_help=True)

Articles = Annotated[list[Path], typer.Option(exists=True, help="Articles that the questions are about.")]
Questions = Annotated[Path, typer.Option(help="The questions, one JSON object a line.")]
Distractors = Annotated[list[Path] | None, typer.Option(exists=True, help="Articles that stand among them.")]


@eval_app.command("retrieval")
def eval_retrieval(
    context: typer.Context,
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
    setup = _prepare(context, [*articles, *(distractors or [])], cases, quiet)
    with show_progress("asking", quiet) as progress:
        measured = measure_retrieval(setup, progress)
    print(json.dumps(measured, ensure_ascii=False) if as_json else retrieval_table(measured))


@eval_app.command("answers")
def eval_answers(
    context: typer.Context,
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
    earlier = _earlier_summaries(compare)

    from qa.evaluation.answers import measure_answers, summarize_answers
    from qa.evaluation.dataset import read_cases, sample_cases
    from qa.evaluation.report import answers_table

    cases = sample_cases(read_cases(questions), limit, lambda case: case.direction)
    setup = _prepare(context, [*articles, *(distractors or [])], cases, quiet)
    with show_progress("asking", quiet) as progress:
        results = measure_answers(setup, withhold, baseline, progress)
    summaries = {system: summarize_answers(of_system) for system, of_system in results.items()}
    if as_json:
        record = {system: [asdict(result) for result in of_system] for system, of_system in results.items()}
        print(json.dumps({"summary": summaries, "results": record}, ensure_ascii=False))
    else:
        print(answers_table(summaries | earlier))


@eval_app.command("calibrate")
def eval_calibrate(
    context: typer.Context,
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

    setup = _prepare(context, [*articles, *(distractors or [])], read_cases(questions), quiet)
    settings = settings_of(context)
    with show_progress("searching", quiet) as progress:
        observations = collect_observations(setup, progress)
    identity = models_of(context).embedding(settings).identity
    before = load_calibration(settings.calibration)
    measured = measure_calibration(observations, identity, before)
    text = calibration_as_toml(fit_calibration(observations, identity, before), observations, measured)
    path = output or settings.calibration
    path.write_text(text, "utf-8")
    print(text.split("\n\n", 1)[0])
    errors.print(f"written to {path}")


def _prepare(context: typer.Context, articles: list[Path], cases: list[Case], quiet: bool) -> EvaluationSetup:
    from qa.evaluation.setup import prepare_evaluation

    with show_progress("embedding", quiet) as progress:
        return prepare_evaluation(settings_of(context), articles, cases, progress, models_of(context))


def _earlier_summaries(path: Path | None) -> dict[str, list[dict[str, Any]]]:
    """Return the summaries of an earlier run, each named as such."""
    if path is None:
        return {}
    try:
        summary = json.loads(path.read_text("utf-8"))["summary"]
        return {f"earlier {system}": list(rows) for system, rows in summary.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageError(f"{path} is not what `mujib eval answers --json` prints. Give such a file.") from None
