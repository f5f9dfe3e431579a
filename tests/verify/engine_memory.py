"""Show that the engine takes no more memory than lm-eval, and never the logits of a whole context."""

import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.engine import requests_file
from benchmarks.engine.likelihoods import Measured
from benchmarks.engine.main import part, peaks_of, tensors_of
from benchmarks.engine.memory import Peaks, growth
from benchmarks.engine.models import SHAPES, tokenizer_file
from tests.verify.engine_measured import plan, source, whole
from tests.verify.report import Context, require, shared_folder

POINT = 4

PART = 4  # the largest tensor has at most one part in so many of a context's logits
MIB = 2**20


def show(context: Context) -> str:
    """Compare peaks of memory, each side in processes of its own, and look at the largest tensor.

    Raises:
        ShortfallError: ours takes more, or a tensor holds a whole context's logits.
    """
    folder = shared_folder() / "hub"
    grown: list[Peaks] = []
    if context.broken(POINT):
        with fault():
            found = tensors_of(source(folder), plan(quick=context.quick))
    else:
        found = tensors_of(source(folder), plan(quick=context.quick))
        grown = list(_peaks(folder, context))
    figures = "; ".join(
        [
            *(
                f"{one.benchmark} {one.ours / MIB:.0f} MiB, HFLM {one.plain / MIB:.0f} at {one.rows} rows"
                for one in grown
            ),
            f"largest tensor at {found.context} tokens {found.likelihoods}, in perplexity "
            f"{found.perplexity}, HFLM {found.plain}",
        ]
    )
    require(all(one.ours <= one.plain for one in grown), figures)
    largest = max(math.prod(found.likelihoods), math.prod(found.perplexity))
    require(largest * PART <= found.whole, figures)
    return figures


def _peaks(folder: Path, context: Context) -> Iterator[Peaks]:
    """Go through the benchmarks, at the batch sizes that were lm-eval's best."""
    chosen = plan(quick=context.quick)
    for one in whole(folder, quick=context.quick).measured:
        if context.quick:
            yield _forked(folder, one, context.scratch / "requests.json")
        else:
            yield peaks_of(source(folder), one, chosen)


def _forked(folder: Path, one: Measured, file: Path) -> Peaks:
    """Measure as `peaks` does, but in processes forked from this one: without the seconds of importing."""
    asked, data = part(source(folder), one.benchmark, plan(quick=True)), source(folder)
    words = tokenizer_file(data.digest)
    requests_file.write(file, SHAPES[one.subject], words, asked.instances)
    grown = []
    for side, rows in (("ours", 1), ("plain", one.rows)):
        with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
            grown.append(pool.submit(growth, side, file, rows, exact=False).result())
    return Peaks(
        one.subject, one.benchmark, len(asked.instances), one.rows, grown[0], grown[1], None
    )


@contextmanager
def fault() -> Iterator[None]:
    """Put the fault in: beside the hidden states, the logits of whole rows are made and kept."""
    import torch

    from evaluator.scoring.tree import likelihoods
    from evaluator.scoring.tree.passes import forward

    module: Any = likelihoods
    own, kept = module.forward_read, []

    def keeping(model: Any, cache: Any, pack: Any, rows: Any, device: Any) -> Any:
        states = forward(model, cache, pack, device)
        kept.append(model.get_output_embeddings()(states))
        torch.cat(kept)
        return states[torch.from_numpy(rows)]

    module.forward_read = keeping
    try:
        yield
    finally:
        module.forward_read = own
