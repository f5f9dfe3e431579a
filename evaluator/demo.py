"""Show the whole way on the embedded model: quantize it with every method, evaluate, build the board.

Each variant is really quantized, saved and loaded by its own package, in a process of its own, so
that the memory it is measured with is its own. Everything lands in a scratch folder; `submissions/`
is left alone. A demo that was interrupted goes on where it stopped.
"""

import multiprocessing
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from multiprocessing.connection import Connection
from pathlib import Path

from evaluator.errors import InputError
from evaluator.suites.definitions import load_suite
from evaluator.suites.divergence import FLAG, MODE

GROUP_SIZE = 128
BASE_NAME = "quantboard-mini"
COMPARED = ("wikitext2",)  # with the base; each text more would cost some three seconds


@dataclass(frozen=True)
class Variant:
    """One variant of the demo; no method for the unquantized model."""

    name: str
    method: str | None = None
    bits: int | None = None


VARIANTS = (  # the slow ones first, so that the last process isn't left alone with one
    Variant("unquantized"),
    Variant("llm.int8", "llm.int8", 8),
    Variant("awq-4bit", "awq", 4),
    Variant("gptq-2bit", "gptq", 2),
    Variant("gptq-3bit", "gptq", 3),
    Variant("gptq-4bit", "gptq", 4),
    Variant("gptq-8bit", "gptq", 8),
    Variant("nf4", "nf4", 4),
)


def run_demo(output: Path, *, variants: list[str] | None, options: list[str], jobs: int) -> int:
    """Quantize, evaluate with further options of `quantboard run`, and build; return 1 if a variant failed.

    Raises:
        InputError: a variant is named that the demo doesn't have.
    """
    chosen = _chosen(variants)
    started = time.time()
    _prepare_processes()
    base = _place_base(output)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        statuses = list(
            pool.map(lambda variant: _run_variant(variant, base, output, options), chosen)
        )
    _build(output)
    for variant, status in zip(chosen, statuses, strict=True):
        if status:
            print(f"{variant.name}: failed, see above", file=sys.stderr)
    print(
        f"{len(chosen)} variants in {time.time() - started:.0f} s; the board is {output}/_site/index.html"
    )
    print(f"open that file in a browser, or: quantboard serve --directory {output}/_site")
    return 1 if any(statuses) else 0


def _chosen(names: list[str] | None) -> list[Variant]:
    known = {variant.name: variant for variant in VARIANTS}
    unknown = sorted(set(names or []) - set(known))
    if unknown:
        raise InputError(
            f"the demo has no variant {', '.join(unknown)}; choose from {', '.join(known)}"
        )
    return [known[name] for name in names] if names else list(VARIANTS)


def _place_base(output: Path) -> Path:
    """Copy the embedded model to where the variants stand, under the name that its family gets."""
    target = output / "models" / BASE_NAME
    with resources.as_file(resources.files("evaluator.mini") / "model") as source:
        shutil.copytree(source, target, dirs_exist_ok=True)
    return target


def _run_variant(variant: Variant, base: Path, output: Path, options: list[str]) -> int:
    """Make one variant unless it is there already, and evaluate it; return its exit status."""
    folder = base
    if variant.method:
        folder = output / "models" / variant.name
        if not folder.is_dir():
            status = _quantize(variant, base, folder)
            if status:
                return status
    words = ["run", str(folder), "--suite", "mini", "--output", str(output / "submissions")]
    words += ["--dtype", "float32", "--batch-size", "64", "--device", "cpu", "--together"]
    words += options
    words += _divergence(base) if variant.method else []
    return _quantboard(variant.name, words)


def _divergence(base: Path) -> list[str]:
    """Return the words that compare a variant with the base, too."""
    own = [one.name for one in load_suite("mini").benchmarks]
    names = [*own, *(f"{name}-{MODE}" for name in COMPARED)]
    return [FLAG, str(base), "--benchmarks", ",".join(names)]


def _quantize(variant: Variant, base: Path, folder: Path) -> int:
    words = ["quantize", str(base), "--method", str(variant.method), "--bits", str(variant.bits)]
    words += ["--group-size", str(GROUP_SIZE), "--output", str(folder), "--dtype", "float32"]
    words += ["--calibration", "mini"]
    return _quantboard(variant.name, words)


def _quantboard(name: str, words: list[str]) -> int:
    """Run one command in a process of its own, and pass its lines on under the variant's name."""
    context = multiprocessing.get_context("forkserver")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_command_in_child, args=(words, sending))
    process.start()
    sending.close()
    with open(receiving.fileno(), errors="replace", closefd=False) as lines:
        for line in lines:
            print(f"{name:>12} | {line.rstrip()}", flush=True)
    process.join()
    return process.exitcode or 0


def _command_in_child(words: list[str], said: Connection) -> None:
    from evaluator.cli import main

    os.dup2(said.fileno(), 1)
    os.dup2(said.fileno(), 2)
    sys.exit(main(words))


def _prepare_processes() -> None:
    """Let processes fork from one that has imported what all of them need: importing takes seconds.

    It stays as clean as it began, so each variant's memory is its own.
    """
    os.environ |= {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    multiprocessing.get_context("forkserver").set_forkserver_preload(
        ["evaluator.scoring", "evaluator.models.load", "evaluator.cli"]
    )


def _build(output: Path) -> None:
    from sitegen.build import build

    build(output / "submissions", output / "_site", root=None)
