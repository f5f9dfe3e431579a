"""Do what each command says, print what a person needs, and return the exit status."""

import functools
import http.server
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator import environment, submissions
from evaluator.errors import InputError
from evaluator.results import read_result

if TYPE_CHECKING:
    from evaluator import baseline, runner, targets
    from evaluator.judges import records


def check(options: Namespace) -> int:
    """List every problem of the paths; 1 if one of them is an error."""
    paths = options.paths or [options.root]
    problems = submissions.check(paths, root=options.root)
    errors = sum(problem.severity == "error" for problem in problems)
    if options.online and not errors:
        problems += _online_problems(options.root, paths)
        errors = sum(problem.severity == "error" for problem in problems)
    for problem in problems:
        print(problem.format(options.format))
    print(f"{errors} errors, {len(problems) - errors} warnings", file=sys.stderr)
    return 1 if errors else 0


def _online_problems(root: Path, paths: list[Path]) -> "list[submissions.Problem]":
    """Ask the Hub about every submission on the paths; only once nothing is wrong with the files.

    Not about reported ones: a paper's own quantized checkpoints need not be there.
    """
    from evaluator import hub

    problems = []
    for entry in submissions.find_entries(root):
        if _inside(entry.folder, paths) and entry.submission.source != "reported":
            problems += hub.check_online(entry.submission, path=entry.folder / "submission.yaml")
    return problems


def _inside(folder: Path, paths: list[Path]) -> bool:
    chosen = [path.resolve() for path in paths]
    return any(
        folder.resolve().is_relative_to(path) or path.is_relative_to(folder.resolve())
        for path in chosen
    )


def attest(options: Namespace) -> int:
    """Record the hashes of results as verified."""
    for name in submissions.attest(options.root, options.paths):
        print(f"verified: {name}")
    return 0


def schema(options: Namespace) -> int:
    """Write the contract's JSON schema."""
    submissions.write_schema(options.output)
    return 0


def compare(options: Namespace) -> int:
    """Compare two entries item by item; 1 if a benchmark's results may not be compared."""
    from evaluator.comparison import entries, report

    base, variant = (
        submissions.named_entry(text, options.root) for text in (options.base, options.variant)
    )
    lines = entries.compare_entries(base, variant)
    write = report.as_json if options.json else report.as_text
    print(write(base.name, variant.name, lines))
    return 1 if any(one.refusals for one in lines) else 0


def build(options: Namespace) -> int:
    """Build the site."""
    from sitegen.build import build as build_site
    from sitegen.machines.addresses import Published

    build_site(
        options.submissions,
        options.output,
        root=options.root,
        published=Published(options.url, options.repository),
        jobs=options.jobs,
        report=_progress,
    )
    print(f"built {options.output}; look at it with: quantboard serve --directory {options.output}")
    return 0


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def serve(options: Namespace) -> int:
    """Serve a built site on this machine until interrupted."""
    if not (options.directory / "index.html").is_file():
        raise InputError(f"{options.directory} holds no site; build one with: quantboard build")
    handler = functools.partial(
        http.server.SimpleHTTPRequestHandler, directory=str(options.directory)
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", options.port), handler) as server:
        print(f"http://127.0.0.1:{options.port}/  (stop with Ctrl-C)", flush=True)
        server.serve_forever()
    return 0


def plan(options: Namespace) -> int:
    """Say what each unit of an entry or a model will take, or list them; 1 if that can't be said of one."""
    from evaluator import plan_report, planning

    work, target = _work(options)
    if options.list:
        for unit in work.units:
            print(f"{planning.state(unit):8} {unit.suite.label}/{unit.name}")
        return 0
    loaded = target.load(options.device or _default_device())
    found = planning.estimate(work, loaded, _settings(options))
    print(plan_report.as_json(found) if options.json else "\n".join(plan_report.lines(found)))
    return 1 if any(row.problem for row in found.rows) else 0


def doctor(options: Namespace) -> int:
    """Examine a model before it is evaluated; 1 if something would spoil its scores."""
    from evaluator.doctor import examine
    from evaluator.patients import find_patient
    from evaluator.suites.definitions import load_suite

    suite = load_suite(options.suite)
    _require_datasets(options.datasets)
    patient = find_patient(
        options.target,
        root=options.root,
        base_model=options.base_model,
        dtype=options.dtype,
        method=options.method,
        device=options.device or _default_device(),
    )
    errors = 0
    for finding in examine(patient, suite, options.datasets):
        print(finding.format(), flush=True)
        errors += finding.status == "error"
    return 1 if errors else 0


def benchmarks(options: Namespace) -> int:
    """Say what each benchmark of a suite is, or everything about those named."""
    from evaluator.suites import describe
    from evaluator.suites.definitions import load_suite

    suite = load_suite(options.suite)
    named = [suite.benchmark(name) for name in options.names]
    lines = [line for one in named for line in describe.whole(one)] or describe.listing(suite)
    print("\n".join(lines))
    return 0


def run(options: Namespace) -> int:
    """Evaluate an entry or a model; 1 if a unit failed."""
    from evaluator.executors.local import run_here

    work, target = _work(options)
    _require_judges(work, options)
    device = options.device or _default_device()
    base = _baseline(work, target, options, device)
    _require_writable(work.folder, "choose another --output")
    _require_writable(environment.cache_folder(), "name another folder in QUANTBOARD_CACHE")
    settings = replace(_settings(options), baseline=base)
    results = run_here(work, lambda: target.load(device), settings, _say)
    failed = [result for result in results if result.status == "failed"]
    for result in failed:
        print(f"quantboard: {result.benchmark} failed: {result.reason}", file=sys.stderr)
    _say(f"results are in {work.folder}")
    return 1 if failed else 0


def _work(options: Namespace) -> "tuple[runner.Work, targets.Target]":
    from evaluator import runner, targets
    from evaluator.efficiency.hardware import hardware_name
    from evaluator.suites.definitions import load_suite
    from evaluator.suites.divergence import with_divergences

    chosen = [load_suite(name) for name in options.suite or []]
    _require_datasets(options.datasets)
    target = targets.find_target(
        options.target,
        root=options.root,
        output=options.output,
        base_model=options.base_model,
        dtype=options.dtype,
        method=options.method,
    )
    if options.model_folder:
        target = replace(target, checkpoint=options.model_folder)
    suites = chosen or [load_suite(name) for name in target.submission.suite]
    names = options.benchmarks.split(",") if options.benchmarks else None
    if options.divergence_from is not None:
        names = with_divergences(suites, names)
    units = runner.plan(
        target.folder,
        suites,
        benchmarks=names,
        efficiency=not options.no_efficiency,
        hardware=hardware_name(options.device or "auto"),
    )
    if options.only_efficiency:
        units = [unit for unit in units if unit.benchmark is None]
    return runner.Work(target.name, target.folder, units), target


def _require_datasets(folder: Path | None) -> None:
    if folder and not folder.is_dir():
        raise InputError(f"--datasets {folder} is no folder; give a Hub-shaped one")


def _judge(options: Namespace) -> "records.JudgeChoice":
    from evaluator.judges import records

    price = records.Price(*options.judge_price) if options.judge_price else None
    return records.JudgeChoice(options.judge, options.judge_url, price)


def _require_judges(work: "runner.Work", options: Namespace) -> None:
    """Fail before a model is loaded where a judge is missing, or named for nothing.

    Raises:
        InputError: one of the two.
    """
    from evaluator import runner
    from evaluator.judges import address, records

    choice = _judge(options)
    judged = [unit for unit in work.units if records.is_judged(unit.benchmark)]
    for unit in judged:
        latest = runner.newest(unit.path)
        done = read_result(latest) if latest and not options.rerun else None
        if unit.benchmark:
            records.require(unit.benchmark, choice)
            if done and done.status == "ok":
                records.require_same(unit.benchmark, done.provenance.judge, choice)
    if choice.url:
        address.parse(choice.url)
    if not judged and (options.judge or options.judge_url or options.judge_price):
        raise InputError(
            "--judge is for followbench-local and followbench-endpoint; name one with --benchmarks"
        )


def _baseline(
    work: "runner.Work", target: "targets.Target", options: Namespace, device: str
) -> "baseline.Baseline | None":
    """Find the base before a model is loaded, where a unit compares with one.

    Raises:
        InputError: none was named, or one for nothing, or a result that stands was measured from another.
    """
    from evaluator import baseline, runner
    from evaluator.suites.divergence import FLAG, is_divergence

    needing = [unit for unit in work.units if is_divergence(unit.benchmark)]
    named = options.divergence_from
    if needing and named is None:
        raise InputError(
            f"{needing[0].name} needs a base; add {FLAG} with its folder or Hub id, or alone for the "
            "entry's own"
        )
    if not needing:
        if named is not None and not options.only_efficiency:
            raise InputError(f"{FLAG} is for benchmarks scored by likelihoods, and none was chosen")
        return None
    found = baseline.find(named, target.submission, device)
    for unit in needing:
        latest = runner.newest(unit.path)
        done = read_result(latest) if latest and not options.rerun else None
        baseline.require_same(unit.name, done, found)
    return found


def _settings(options: Namespace) -> "runner.Settings":
    from evaluator import runner

    return runner.Settings(
        datasets_folder=options.datasets,
        limit=options.limit,
        batch_size=options.batch_size,
        exact=options.exact,
        together=options.together,
        keep_failed=options.keep_failed,
        rerun=options.rerun,
        progress=sys.stderr.isatty(),
        judge=_judge(options),
    )


def _require_writable(folder: Path, advice: str) -> None:
    """Fail before any work is done where results can't be kept, with advice on what to change.

    Raises:
        InputError: the folder can't be written.
    """
    probe = folder / ".writable.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(f"{folder} can't be written ({error.strerror}); {advice}") from error


def _default_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _say(line: str) -> None:
    print(line, flush=True)


def quantize(options: Namespace) -> int:
    """Make a quantized variant of a base model, with its recipe beside it."""
    from evaluator import quantization

    quantization.quantize_model(
        options.base,
        options.output,
        recipe=quantization.Recipe(
            method=options.method,
            bits=options.bits,
            group_size=options.group_size,
            dtype=options.dtype,
            calibration=options.calibration,
            sequence_length=options.sequence_length,
        ),
        revision=options.revision,
    )
    print(f"wrote {options.output}; evaluate it with: quantboard run {options.output}")
    return 0


def demo(options: Namespace) -> int:
    """Quantize the embedded model with every method, evaluate all, and build the board."""
    from evaluator.demo import run_demo

    chosen = options.variants.split(",") if options.variants else None
    further = ["--limit", str(options.limit)] if options.limit else []
    further += ["--no-efficiency"] if options.no_efficiency else []
    return run_demo(options.output, variants=chosen, options=further, jobs=options.jobs)


def import_reported(options: Namespace) -> int:
    """Write a paper's figures as entries of source `reported`."""
    from evaluator.reported.importer import import_reported as write

    for name in write(options.figures, options.paper, options.output):
        print(f"reported: {name}")
    return 0
