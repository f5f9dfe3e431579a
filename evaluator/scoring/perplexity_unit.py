"""Run one perplexity benchmark on one model: perplexity over windows, and bits per byte over documents.

Both read the same rows and are measured apart, since each needs the text in its own pieces. A limit keeps
that many windows and that many documents, at equal distances. Items are the windows, then the documents;
each has its own columns, null for the other kind:
  nll             mean negative log-likelihood per predicted token of a window, in nats
  document_nll    negative log-likelihood of a document, in nats, summed over its tokens
  document_bytes  its UTF-8 bytes
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from evaluator.errors import DatasetError
from evaluator.files import sha256_text
from evaluator.results import FLAGS, Metric
from evaluator.scoring import bits_per_byte, perplexity
from evaluator.scoring.outcome import Outcome
from evaluator.scoring.outcome_store import OutcomeStore
from evaluator.scoring.selection import evenly_spaced
from evaluator.suites.definitions import Benchmark
from evaluator.suites.divergence import is_divergence
from evaluator.tasks import data, passages

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from evaluator.scoring.run import Question

NO_BEGINNING = (
    "the tokenizer has neither a BOS nor an EOS token from which the first token could be predicted"
)


@dataclass(frozen=True)
class Pieces:
    """What is read of a data set.

    Attributes:
        rows: its rows.
        joined: their text, as one.
        windows: token ids of that text (N x w).
        texts: the documents that are scored.
        documents: the same in tokens; None where no token can stand before a document's first.
        length: tokens of a whole window.
    """

    rows: Any
    joined: str
    windows: torch.Tensor
    texts: list[str]
    documents: bits_per_byte.Documents | None
    length: int

    @property
    def tokens(self) -> int:
        """Return the tokens that are read."""
        return self.windows.numel() + (self.documents.tokens if self.documents else 0)


def pieces(
    tokenizer: "PreTrainedTokenizerBase", context_length: int, question: "Question"
) -> Pieces:
    """Load a data set and cut it, once into windows and, but for a divergence, once into documents.

    Raises:
        DatasetError: the data set is missing, or has too little text.
    """
    benchmark = question.benchmark
    rows = data.load_rows(benchmark.dataset, question.folder)
    if benchmark.documents is not None:
        rows = rows.select(range(min(benchmark.documents, len(rows))))
    texts = list(rows[benchmark.dataset.columns[0]])
    joined = (benchmark.joiner or "").join(texts)
    length = perplexity.window_length(benchmark.window, context_length)
    windows = perplexity.cut(tokenizer, joined, length, limit=question.limit)
    found = _documents(benchmark, texts, question.limit)
    beginning = bits_per_byte.first_token(tokenizer)
    documents = None
    if beginning is not None and not is_divergence(benchmark):
        documents = bits_per_byte.cut(tokenizer, found, beginning, length)
    return Pieces(rows, joined, windows, found, documents, length)


def run_perplexity(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    context_length: int,
    question: "Question",
    seeds: dict[str, int],
    store: OutcomeStore | None = None,
) -> Outcome:
    """Measure `perplexity_window_<w>` and `bits_per_byte_window_<w>`; `context_length` is in tokens.

    Losses that the store knows are not computed again, and the others are kept there.

    Raises:
        DatasetError: the data set is missing, or has too little text.
    """
    read = pieces(tokenizer, context_length, question)
    asking: Any = {
        "batch_size": question.computing.rows,
        "progress": question.progress,
        "store": store,
    }
    losses = perplexity.window_losses(model, read.windows, **asking)
    documents, bits = read.documents, []
    if documents is not None:
        bits = bits_per_byte.document_losses(model, documents, **asking)
    window = int(read.windows.shape[1])
    return Outcome(
        metrics={
            f"perplexity_window_{window}": perplexity.summarize(losses),
            f"bits_per_byte_window_{read.length}": bits_metric(bits, documents),
        },
        groups={},
        columns=item_columns(losses, bits, documents.sizes if documents else []),
        datasets=[data.used(question.benchmark.dataset, question.folder, read.rows)],
        prompt_hash=sha256_text(str(window), read.joined, *read.texts),
        task_versions={},
        shots=0,
        decoding={
            "batch_size": question.computing.rows,
            "window_tokens": window,
            "document_window_tokens": read.length,
        },
        seeds=seeds,
        tokens={"prompt": read.tokens, "generated": 0},
        truncated_prompts=0,
        chat_template_applied=False,
        notes=window_notes(question.benchmark, window),
    )


def _documents(benchmark: Benchmark, texts: list[str], limit: int | None) -> list[str]:
    """Return the documents that are scored.

    Raises:
        DatasetError: the rows hold none, such as lines without a page's heading.
    """
    found = passages.documents(texts, benchmark.document)
    if not found:
        raise DatasetError(
            f"{benchmark.dataset.path} has no {benchmark.document} to take as a document; "
            "use the data set as the Hub has it"
        )
    return found if limit is None else [found[i] for i in evenly_spaced(len(found), limit)]


def bits_metric(losses: list[float], documents: bits_per_byte.Documents | None) -> Metric:
    """Return bits per byte, or null with the reason."""
    if documents is None:
        return Metric(value=None, n=0, reason=NO_BEGINNING)
    return bits_per_byte.summarize(losses, documents.sizes)


def item_columns(
    windows: list[float], documents: list[float], sizes: list[int]
) -> dict[str, list[Any]]:
    """Return windows, then documents, as items: no answer, nothing right or wrong; see the module."""
    losses = [loss if math.isfinite(loss) else None for loss in (*windows, *documents)]
    no_windows, no_documents = [None] * len(documents), [None] * len(windows)
    empty = [None] * len(losses)
    return {
        "answer": empty,
        "correct": list(empty),
        "flags": [FLAGS["failed"] if loss is None else 0 for loss in losses],
        "nll": [*losses[: len(windows)], *no_windows],
        "document_nll": [*no_documents, *losses[len(windows) :]],
        "document_bytes": [*no_documents, *sizes],
    }


def window_notes(benchmark: Benchmark, length: int) -> list[str]:
    """Say that windows are shorter than the benchmark's, where they are."""
    wanted = benchmark.window or perplexity.PAPER_WINDOW
    if length >= wanted:
        return []
    return [
        f"Windows have {length} tokens instead of {wanted}: the context or the text is shorter."
    ]
