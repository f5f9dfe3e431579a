"""Run one benchmark of a suite on one loaded model."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lm_eval
import numpy as np
import torch

from evaluator.errors import InputError
from evaluator.files import sha256_text
from evaluator.results import Metric, canonical_json
from evaluator.scoring import harness_items, harness_metrics, judging, own_items
from evaluator.scoring.answers import Answered, join, remarks
from evaluator.scoring.computing import Computing
from evaluator.scoring.engine import Engine
from evaluator.scoring.judging import Decided, Judging
from evaluator.scoring.kept import store_for
from evaluator.scoring.loading import FEWSHOT_SEED, Tasks, load_views, notes
from evaluator.scoring.outcome import Outcome
from evaluator.scoring.output_head import output_head
from evaluator.scoring.perplexity_unit import run_perplexity
from evaluator.scoring.quiet import quiet
from evaluator.scoring.selection import RowNumbers, evenly_spaced, spread, spread_over_strata
from evaluator.scoring.shared_lm import way_of
from evaluator.suites.definitions import Benchmark, Suite
from evaluator.tasks import data
from evaluator.tasks.registry import code_for_task

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# lm-eval's own defaults, so that its few-shot examples are the ones everybody gets
SEEDS = {"python": 0, "numpy": 1234, "torch": 1234, "fewshot": FEWSHOT_SEED}

ONE_BY_ONE = Computing(batch_size=1)

PLAIN_TURNS = (
    "The tokenizer has no chat template: prompts are text and a newline, without a system line."
)
NO_SYSTEM_ROLE = "The chat template takes no system role: the system line is left out."

Columns = dict[str, list[Any]]
Groups = dict[str, dict[str, Metric]]


@dataclass(frozen=True)
class Question:
    """What is asked, and of how much: everything about a run but the model."""

    suite: Suite
    benchmark: Benchmark
    folder: Path | None
    limit: int | None
    computing: Computing
    progress: bool
    judging: Judging | None = None


def run_benchmark(  # noqa: PLR0913  # the parts of one run, all of them needed
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    context_length: int,
    suite: Suite,
    benchmark: Benchmark,
    *,
    datasets_folder: Path | None = None,
    limit: int | None = None,
    computing: Computing = ONE_BY_ONE,
    progress: bool = False,
    judging: Judging | None = None,
) -> Outcome:
    """Ask a model one benchmark, as its suite says, and score the answers.

    `context_length` is in tokens. Rows come from the package for an embedded suite, else from
    `datasets_folder`, which is laid out like the Hub, else from the Hub. `limit` asks that many items at
    most, evenly spread. `computing` says how. `judging` holds the judge of a benchmark that needs one.

    Raises:
        DatasetError: the data set is missing, or has another shape than the benchmark needs.
        InputError: lm-eval has no such task, or a judge is needed and there is none.
        JudgeError: the judge gives no answer for good.
    """
    folder = embedded_folder() if suite.embedded else datasets_folder
    question = Question(suite, benchmark, folder, limit, computing, progress, judging)
    with quiet():
        seed()
        if not benchmark.tasks:
            return _perplexity(model, tokenizer, context_length, question)
        engine = Engine(
            model,
            tokenizer,
            context_length,
            computing,
            chat=suite.chat_template,
            progress=progress,
        )
        return run_tasks(engine, question)


def _perplexity(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    context_length: int,
    question: Question,
) -> Outcome:
    """Measure perplexity; one window at a time where the model's kernels look over a whole batch."""
    computing = question.computing
    way = way_of(model, output_head(model), context_length, computing)
    rows = 1 if way.alone else computing.rows
    question = replace(question, computing=replace(computing, batch_size=rows))
    with store_for(computing, "perplexity", [], {"rows": rows}) as store:
        return run_perplexity(model, tokenizer, context_length, question, dict(SEEDS), store=store)


def embedded_folder() -> Path:
    """Return the folder of the data sets that ship with the package."""
    return Path(str(resources.files("evaluator.mini"))) / "data"


def seed() -> None:
    """Seed every generator that lm-eval or a model could draw from."""
    random.seed(SEEDS["python"])
    np.random.seed(SEEDS["numpy"])  # lm-eval's tasks draw from the global generator
    torch.manual_seed(SEEDS["torch"])


# Tasks ------------------------------------------------------------------------------------------


def run_tasks(engine: Engine, question: Question) -> Outcome:
    """Put a benchmark's tasks to an engine, and score the answers."""
    benchmark, suite = question.benchmark, question.suite
    views = load_views(benchmark, question.folder)
    chosen = choose(views, question.limit)
    _announce(question, views, chosen)
    system = suite.system if engine.takes_system_role() else None
    answers, logged = ask(engine, views, chosen, system=system)
    rows = answers[benchmark.tasks[0]]
    decided = judging.decide(
        benchmark,
        code_for_task(benchmark.tasks[0]),
        rows,
        question.judging,
        progress=question.progress,
    )
    metrics, groups, columns = _score(benchmark, views, answers, logged["results"], decided)
    every = [answer for view in answers.values() for answer in view]
    return Outcome(
        metrics=metrics,
        groups=groups,
        columns=columns,
        datasets=[data.used(benchmark.dataset, question.folder, [answer.row for answer in rows])],
        prompt_hash=prompt_hash(every),
        task_versions={name: str(version) for name, version in sorted(logged["versions"].items())},
        shots=max(logged["n-shot"][name] for name in logged["samples"]),
        decoding={**engine.decoding, **computed(engine), "softmax": "float32"},
        seeds=dict(SEEDS),
        tokens=dict(engine.tokens),
        truncated_prompts=sum(answer.truncated for answer in every),
        chat_template_applied=engine.templated,
        notes=[
            *_notes(suite, engine, system),
            *notes(benchmark, views),
            *remarks(every),
            *decided.notes,
        ],
        texts=decided.beside([answer.texts() for answer in every]),
        near_ties=sum(answer.near_tie for answer in every),
        reused=engine.reused,
        judge=decided.used,
    )


def computed(engine: Engine) -> dict[str, Any]:
    """Return how an engine has computed its requests."""
    return {"batch_size": engine.computing.rows, **({"ways": engine.ways} if engine.ways else {})}


def _announce(
    question: Question, views: Mapping[str, Tasks], chosen: Mapping[str, RowNumbers | None]
) -> None:
    """Say what judging will cost before anything is asked."""
    if question.judging is None:
        return
    for tasks in views.values():
        for name, task in tasks.items():
            code, rows, numbers = code_for_task(name), task.eval_docs, chosen.get(name)
            if code is not None and name in chosen:
                asked = list(rows) if numbers is None else [rows[number] for number in numbers]
                judging.announce(question.benchmark, code, asked, question.judging)


def choose(views: Mapping[str, Tasks], limit: int | None) -> dict[str, RowNumbers | None]:
    """Return the rows to ask of each task; None for all of them.

    The names in a benchmark's `tasks` are views of the same items, each asked in full; the tasks behind one
    name are its subjects, over which a limit is spread.
    """
    chosen: dict[str, RowNumbers | None] = {}
    for tasks in views.values():
        if limit is None:
            chosen |= dict.fromkeys(tasks)
        elif len(tasks) == 1:
            chosen |= {name: _rows_of_one_task(name, task, limit) for name, task in tasks.items()}
        else:
            chosen |= spread({name: len(task.eval_docs) for name, task in tasks.items()}, limit)
    return chosen


def _rows_of_one_task(name: str, task: Any, limit: int) -> RowNumbers:
    code, rows = code_for_task(name), task.eval_docs
    if code is None:
        return RowNumbers(evenly_spaced(len(rows), limit))
    strata, clusters = [], []
    for number, row in enumerate(rows):
        strata.append(code.stratum(row))
        clusters.append(code.cluster(row) if code.cluster else number)
    return spread_over_strata(strata, clusters, limit)


def ask(
    engine: Engine,
    views: Mapping[str, Tasks],
    chosen: Mapping[str, RowNumbers | None],
    *,
    system: str | None,
) -> tuple[dict[str, list[Answered]], Mapping[str, Any]]:
    """Let lm-eval build the prompts, ask and score; return the answers of each view, and lm-eval's log."""
    tasks = {name: task for view in views.values() for name, task in view.items() if name in chosen}
    groups = {name: group for view in views.values() for name, group in view.groups.items()}
    shots = any(task.get_config("num_fewshot") for task in tasks.values())
    logged = lm_eval.evaluate(
        engine,
        {"tasks": tasks, "groups": groups, "group_map": {}},
        samples={name: rows for name, rows in chosen.items() if rows is not None},
        bootstrap_iters=1,  # with none, lm-eval leaves out the errors it computes without resampling too
        log_samples=True,
        system_instruction=system,
        apply_chat_template=engine.chat,
        fewshot_as_multiturn=engine.chat and shots,
    )
    samples = logged["samples"]
    return {
        name: join({task: samples[task] for task in view if task in samples}, engine.records)
        for name, view in views.items()
    }, logged


def _score(
    benchmark: Benchmark,
    views: Mapping[str, Tasks],
    answers: Mapping[str, list[Answered]],
    reported: Mapping[str, Any],
    decided: Decided,
) -> tuple[dict[str, Metric], Groups, Columns]:
    """Return metrics, groups and item columns, by our own code or as the suite maps lm-eval's metrics."""
    first = benchmark.tasks[0]
    code = code_for_task(first)
    if code is not None:
        scored = own_items.items(code, answers[first], decided.verdicts)
        metrics, groups = own_items.metrics(code, answers[first], scored)
        return metrics, groups, own_items.item_columns(code, answers[first], scored)
    if not benchmark.sources:
        raise InputError(
            f"benchmark {benchmark.name} names no sources for its metrics; add them to the suite"
        )
    seen = {
        name: harness_items.view(name, tasks, answers[name], reported)
        for name, tasks in views.items()
    }
    available = harness_items.sources(benchmark, seen)
    right = harness_items.primary(benchmark, available)
    return (
        harness_metrics.metrics(benchmark, available),
        harness_metrics.groups(benchmark, available),
        harness_items.item_columns(available, right),
    )


def prompt_hash(answers: list[Answered]) -> str:
    """Return the SHA-256 over all prompts with their continuations or generation settings, in order."""
    parts = [
        part if isinstance(part, str) else canonical_json(part)
        for answer in answers
        for arguments in answer.arguments
        for part in arguments
    ]
    return sha256_text(*parts)


def _notes(suite: Suite, engine: Engine, system: str | None) -> list[str]:
    if not suite.chat_template:
        return []
    if not engine.has_template:
        return [PLAIN_TURNS]
    return [NO_SYSTEM_ROLE] if suite.system and system is None else []
