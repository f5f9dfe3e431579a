"""Parse the command line and call the command. No logic lives here.

Exit status: 0 done; 1 a check found an error or a unit failed; 2 the input can't be used; 130 interrupted.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluator import commands
from evaluator.errors import QuantboardError

SUBMISSIONS = Path("submissions")
EXTRA_OF = {
    **dict.fromkeys(("altair", "jinja2", "pandas", "scipy", "vl_convert"), "site"),
    **dict.fromkeys(
        ("datasets", "huggingface_hub", "lm_eval", "torch", "transformers"), "evaluate"
    ),
    **dict.fromkeys(("gptqmodel", "optimum"), "evaluate,formats"),
}
EVALUATE_HELP = {
    "run": "evaluate an entry or a model, unit by unit; resumes where it stopped",
    "plan": "say what each unit will take before it starts: items, tokens, time and memory",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except ModuleNotFoundError as error:
        extra = EXTRA_OF.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        print(
            f"quantboard: this command needs {error.name}; install the extra: "
            f"pip install -c constraints.txt '.[{extra}]'",
            file=sys.stderr,
        )
        return 2
    except QuantboardError as error:
        for line in str(error).splitlines():
            print(f"quantboard: {line}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "quantboard: interrupted; the same command goes on where this stopped", file=sys.stderr
        )
        return 130


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    top = argparse.ArgumentParser(
        prog="quantboard",
        description="Evaluate quantized language models, and build their leaderboard.",
    )
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, text: str, command: Callable[[argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        added = subparsers.add_parser(name, help=text, description=text)
        added.set_defaults(command=command)
        return added

    _check(add("check", "list every problem of submissions at once", commands.check))
    _evaluate(add("run", EVALUATE_HELP["run"], commands.run))
    _plan(add("plan", EVALUATE_HELP["plan"], commands.plan))
    _doctor(
        add("doctor", "examine a model for a minute, before hours are spent on it", commands.doctor)
    )
    _benchmarks(add("benchmarks", "say what each benchmark of a suite is", commands.benchmarks))
    _quantize(add("quantize", "make a quantized variant of a base model", commands.quantize))
    _compare(add("compare", "compare two entries item by item", commands.compare))
    _build(add("build", "build the site from submissions/", commands.build))
    _serve(add("serve", "show a built site in the browser", commands.serve))
    _demo(
        add("demo", "quantize and evaluate the embedded model, and build its board", commands.demo)
    )
    _attest(
        add("attest", "record results as verified (the project's workflow only)", commands.attest)
    )
    _import_reported(
        add(
            "import-reported",
            "write a paper's figures as entries, cited and marked as reported",
            commands.import_reported,
        )
    )
    schema = add("schema", "write the contract's JSON schema", commands.schema)
    schema.add_argument("--output", type=Path, default=SUBMISSIONS / "schema.json")
    return top


def _check(check: argparse.ArgumentParser) -> None:
    check.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="default: the whole root"
    )
    check.add_argument(
        "--root", type=Path, default=SUBMISSIONS, help="the tree the paths belong to"
    )
    check.add_argument("--online", action="store_true", help="ask the Hub, too")
    check.add_argument("--format", choices=["text", "github"], default="text")


def _evaluate(run: argparse.ArgumentParser) -> None:
    run.add_argument("target", help="an entry's folder or name, a model's folder, or a Hub id")
    run.add_argument(
        "--suite", action="append", help="suite to run, repeatable; default: the entry's own"
    )
    run.add_argument("--benchmarks", help="only these, separated by commas")
    run.add_argument(
        "--limit", type=_positive, help="items per benchmark, spread evenly over its subjects"
    )
    run.add_argument(
        "--datasets", type=Path, help="a Hub-shaped folder to take every data set from"
    )
    run.add_argument(
        "--device", default=None, help="cpu, cuda, cuda:1, or auto to spread over all cards"
    )
    _rows(run)
    run.add_argument(
        "--dtype", choices=["bfloat16", "float16", "float32"], help="for a model, not an entry"
    )
    run.add_argument(
        "--method", choices=["llm.int8", "nf4"], help="quantize a model while loading it"
    )
    run.add_argument(
        "--base-model", help="Hub id of the unquantized model, for a model, not an entry"
    )
    run.add_argument("--model-folder", type=Path, help="a local copy of the entry's checkpoint")
    run.add_argument(
        "--root", type=Path, default=SUBMISSIONS, help="where entries are looked up by name"
    )
    run.add_argument(
        "--output", type=Path, default=Path("runs"), help="where a model's entry is made"
    )
    _judge(run)
    run.add_argument(
        "--divergence-from",
        nargs="?",
        const="",
        metavar="BASE",
        help="measure KL divergence too, from this unquantized model (a folder, a Hub id, or ID@COMMIT); "
        "without a name from the entry's own base",
    )
    _units(run)


def _units(run: argparse.ArgumentParser) -> None:
    run.add_argument("--keep-failed", action="store_true", help="don't try failed units again")
    run.add_argument(
        "--rerun", metavar="REASON", help="run units that are done again, into new files"
    )
    run.add_argument(
        "--resume", action="store_true", default=True, help="the default: done units stay"
    )
    efficiency = run.add_mutually_exclusive_group()
    efficiency.add_argument("--no-efficiency", action="store_true", help="leave the probe out")
    efficiency.add_argument("--only-efficiency", action="store_true", help="only the probe")


def _plan(plan: argparse.ArgumentParser) -> None:
    _evaluate(plan)
    form = plan.add_mutually_exclusive_group()
    form.add_argument(
        "--list", action="store_true", help="only list the units and which are done; load nothing"
    )
    form.add_argument("--json", action="store_true", help="print JSON")


def _rows(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--batch-size", type=_positive, default=16, help="rows at a time where text is generated"
    )
    rows = run.add_mutually_exclusive_group()
    rows.add_argument(
        "--exact", action="store_true", help="one row at a time, nothing shared: slow"
    )
    rows.add_argument(
        "--together",
        action="store_true",
        help="batches for LLM.int8 too, whose rows change each other: fast, not exact",
    )


def _judge(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--judge",
        metavar="MODEL",
        help="judge of followbench-local (a folder, a Hub id, or ID@COMMIT) or followbench-endpoint",
    )
    run.add_argument("--judge-url", metavar="URL", help="where followbench-endpoint's judge is")
    run.add_argument(
        "--judge-price",
        nargs=2,
        type=float,
        metavar=("IN", "OUT"),
        help="what it costs per million tokens, to show the cost before it starts",
    )


def _doctor(doctor: argparse.ArgumentParser) -> None:
    doctor.add_argument("target", help="an entry's folder or name, a model's folder, or a Hub id")
    doctor.add_argument("--suite", default="paper", help="whose prompts must fit; default: paper")
    doctor.add_argument(
        "--datasets", type=Path, help="a Hub-shaped folder to take every data set from"
    )
    doctor.add_argument("--base-model", help="the unquantized model: a folder or a Hub id")
    doctor.add_argument("--device", default=None, help="cpu, cuda, cuda:1, or auto")
    doctor.add_argument("--dtype", choices=["bfloat16", "float16", "float32"])
    doctor.add_argument("--method", choices=["llm.int8", "nf4"], help="quantize while loading")
    doctor.add_argument(
        "--root", type=Path, default=SUBMISSIONS, help="where entries are looked up by name"
    )


def _benchmarks(benchmarks: argparse.ArgumentParser) -> None:
    benchmarks.add_argument(
        "names", nargs="*", metavar="NAME", help="tell everything about these; default: list all"
    )
    benchmarks.add_argument("--suite", default="paper", help="default: paper")


def _quantize(quantize: argparse.ArgumentParser) -> None:
    quantize.add_argument("base", help="the base model: a folder or a Hub id")
    quantize.add_argument("--method", required=True, choices=["llm.int8", "nf4", "gptq", "awq"])
    quantize.add_argument("--bits", type=int, help="gptq: 8, 4, 3 or 2")
    quantize.add_argument("--group-size", type=int, default=128)
    quantize.add_argument("--output", type=Path, required=True, help="folder for the checkpoint")
    quantize.add_argument("--dtype", choices=["bfloat16", "float16", "float32"], default="bfloat16")
    quantize.add_argument("--calibration", type=Path, help="text file, one text per line; or mini")
    quantize.add_argument("--sequence-length", type=_positive, default=2048)
    quantize.add_argument("--revision", help="commit of the base on the Hub")


def _compare(compare: argparse.ArgumentParser) -> None:
    compare.add_argument("base", help="the entry to compare with: its folder or name")
    compare.add_argument("variant", help="the entry that is compared: its folder or name")
    compare.add_argument(
        "--root", type=Path, default=SUBMISSIONS, help="where entries are looked up by name"
    )
    compare.add_argument("--json", action="store_true", help="print JSON")


def _build(build: argparse.ArgumentParser) -> None:
    build.add_argument("--submissions", type=Path, default=SUBMISSIONS)
    build.add_argument("--output", type=Path, default=Path("_site"))
    build.add_argument("--root", type=Path, help="folder with templates/ and site/assets/")
    build.add_argument(
        "--jobs", type=_positive, help="processes (default: as many as there is work for)"
    )
    build.add_argument("--url", help="the site's own address, for feed, site map and shared links")
    build.add_argument("--repository", help="the repository's address, for links to its files")


def _serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--directory", type=Path, default=Path("_site"))
    serve.add_argument("--port", type=int, default=8000)


def _demo(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("--output", type=Path, default=Path("demo"), help="scratch folder")
    demo.add_argument("--variants", help="only these, separated by commas")
    demo.add_argument("--limit", type=_positive, help="items per benchmark")
    demo.add_argument("--no-efficiency", action="store_true", help="leave the probe out")
    demo.add_argument("--jobs", type=_positive, default=2, help="variants at the same time")


def _attest(attest: argparse.ArgumentParser) -> None:
    attest.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    attest.add_argument("--root", type=Path, default=SUBMISSIONS)


def _import_reported(reported: argparse.ArgumentParser) -> None:
    reported.add_argument(
        "figures", type=Path, metavar="FIGURES.csv", help="a figure per row; or jin-2024.csv"
    )
    reported.add_argument(
        "--paper",
        type=Path,
        required=True,
        metavar="PAPER.yaml",
        help="what the figures are, cited; or jin-2024.yaml",
    )
    reported.add_argument("--output", type=Path, default=SUBMISSIONS)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} isn't 1 or more")
    return value
