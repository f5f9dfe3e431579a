"""Hold perplexity and bits per byte to direct loops, to the model's own loss and to lm-eval's."""

import math
import os
from pathlib import Path
from typing import Any

import pytest

from evaluator.scoring.computing import Computing

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

import torch

from evaluator.errors import DatasetError
from evaluator.scoring import (
    bits_per_byte,
    output_head,
    perplexity,
    run_benchmark,
    token_losses,
)
from evaluator.scoring.outcome import Outcome
from evaluator.scoring.outcome_store import OutcomeStore
from evaluator.suites.definitions import load_suite
from evaluator.tasks import data, passages
from tests.evaluator.byte_model import byte_llama, byte_tokenizer, write_rows
from tests.independent import perplexity_loop

ROOT = Path(__file__).resolve().parents[2]
SHARED = os.environ.get("QUANTBOARD_SHARED")
BOS = 1
TRIES = 2  # forward passes that find out whether the head can be had apart
LINES = [
    line
    for page in range(4)
    for line in (
        "",
        f" = Page {page} = \n",
        "",
        f" The first häufig line of page {page} is about {page * 7} . \n",
        " = = Section = = \n",
        *[f" Line {number} of it . \n" for number in range(page)],
    )
]
JOINED = "\n\n".join(LINES)


@pytest.fixture(scope="module")
def model() -> Any:
    """Return a model with a context of 64 tokens."""
    return byte_llama(64)


def measured(
    model: Any,
    folder: Path,
    *,
    limit: int | None = None,
    batch_size: int = 3,
    tokenizer: Any = None,
) -> Outcome:
    """Return what benchmark wikitext2 of suite paper gives on the lines above."""
    suite = load_suite("paper")
    benchmark = suite.benchmark("wikitext2")
    write_rows(folder, benchmark.dataset.path, "test", [{"text": text} for text in LINES])
    return run_benchmark(
        model,
        tokenizer or byte_tokenizer(),
        64,
        suite,
        benchmark,
        datasets_folder=folder,
        limit=limit,
        computing=Computing(batch_size=batch_size),
    )


@pytest.fixture(scope="module")
def outcome(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Return what the lines above give, all of them."""
    return measured(model, tmp_path_factory.mktemp("data"))


def direct_losses(model: Any) -> list[float]:
    """Return each window's mean loss from the model's own loss, window by window."""
    ids = byte_tokenizer()(JOINED, add_special_tokens=False)["input_ids"]
    windows = [ids[start : start + 64] for start in range(0, len(ids) - 63, 64)]
    with torch.no_grad():
        return [
            float(model(torch.tensor([window]), labels=torch.tensor([window])).loss)
            for window in windows
        ]


def test_perplexity_equals_the_models_own_loss(model: Any, outcome: Outcome) -> None:
    """Perplexity is e to the mean of the windows' losses, as transformers computes them."""
    losses = direct_losses(model)
    value = outcome.metrics["perplexity_window_64"].value
    assert value == pytest.approx(math.exp(sum(losses) / len(losses)), rel=1e-5)


def test_items_are_the_windows_then_the_documents(model: Any, outcome: Outcome) -> None:
    """Each window is an item with its mean loss, each document one with its loss and its bytes."""
    direct, pages = direct_losses(model), passages.pages(LINES)
    count = len(direct)
    assert outcome.columns["nll"][:count] == pytest.approx(direct, abs=1e-4)
    assert outcome.columns["nll"][count:] == [None] * len(pages)
    assert outcome.columns["document_nll"][:count] == [None] * count
    assert outcome.columns["document_bytes"][count:] == [len(page.encode()) for page in pages]


def test_both_measures_follow_from_the_items(outcome: Outcome) -> None:
    """Pairing needs no more than the items: both values are recomputed from them."""
    losses = [value for value in outcome.columns["nll"] if value is not None]
    nats = sum(value or 0.0 for value in outcome.columns["document_nll"])
    size = sum(value or 0 for value in outcome.columns["document_bytes"])
    metrics = outcome.metrics
    assert metrics["perplexity_window_64"].value == pytest.approx(
        math.exp(sum(losses) / len(losses))
    )
    assert metrics["bits_per_byte_window_64"].value == pytest.approx(nats / size / math.log(2))


def test_short_contexts_shrink_the_windows(outcome: Outcome) -> None:
    """A context of 64 instead of the paper's 2048 shows in both metrics' names and in a note."""
    assert set(outcome.metrics) == {"perplexity_window_64", "bits_per_byte_window_64"}
    assert "64 tokens instead of 2048" in outcome.notes[0]


def test_bits_per_byte_equal_a_direct_loop(model: Any, outcome: Outcome) -> None:
    """Whole pages, longer and shorter than a window, give what one window at a time gives."""
    pages = passages.pages(LINES)
    direct = perplexity_loop.bits_per_byte(model, byte_tokenizer(), pages, 64, BOS)
    assert outcome.metrics["bits_per_byte_window_64"].value == pytest.approx(direct, rel=1e-5)


def test_document_losses_equal_lm_evals_rolling_likelihood(model: Any) -> None:
    """Windows are cut as lm-eval's rolling likelihood cuts them."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    texts = [JOINED, "x", "y" * 64, "z" * 65, JOINED[:150]]
    judge = HFLM(pretrained=model, tokenizer=byte_tokenizer(), max_length=64)
    asked = [
        Instance(request_type="loglikelihood_rolling", doc={}, arguments=(text,), idx=0)
        for text in texts
    ]
    expected = [-value for value in judge.loglikelihood_rolling(asked, disable_tqdm=True)]
    documents = bits_per_byte.cut(byte_tokenizer(), texts, BOS, 64)
    found = bits_per_byte.document_losses(model, documents, batch_size=2, progress=False)
    assert found == pytest.approx(expected, rel=1e-5)


def test_every_token_of_a_document_is_predicted_once() -> None:
    """The windows' predicted tokens are the document, in order, and none reads more than its length."""
    text = JOINED[:200]
    windows = bits_per_byte.cut(byte_tokenizer(), [text], BOS, 64).windows
    predicted = [token for window in windows for token in window.predicted]
    assert predicted == byte_tokenizer()(text, add_special_tokens=False)["input_ids"]
    assert [len(window.read) for window in windows] == [64] * 4
    assert windows[0].read[0] == BOS


def test_the_batch_size_changes_nothing(model: Any, outcome: Outcome, tmp_path: Path) -> None:
    """Padding and neighbours in a batch leave both measures alone, rounding aside."""
    alone = measured(model, tmp_path, batch_size=1)
    for name, metric in outcome.metrics.items():
        assert alone.metrics[name].value == pytest.approx(metric.value, rel=1e-5)


def test_documents_are_the_units_of_the_standard_error() -> None:
    """Two documents of 10 bytes at 1 and 3 bits per byte: the rate is 2 and its standard error 1."""
    metric = bits_per_byte.summarize([10 * math.log(2), 30 * math.log(2)], [10, 10])
    assert [metric.value, metric.stderr, metric.n] == pytest.approx([2, 1, 2])


def test_documents_of_unequal_size_weigh_by_their_bytes() -> None:
    """9 bits over 4 bytes; the residuals -1.25, -0.25 and 1.5 give the ratio estimator's error."""
    metric = bits_per_byte.summarize([math.log(2) * bits for bits in (1, 2, 6)], [1, 1, 2])
    assert [metric.value, metric.stderr] == pytest.approx([2.25, math.sqrt(3.875 * 3 / 2) / 4])


def test_a_limit_takes_that_many_windows_and_documents(model: Any, tmp_path: Path) -> None:
    """A limit of two scores two windows and two documents."""
    columns = measured(model, tmp_path, limit=2).columns
    counts = [sum(value is not None for value in columns[name]) for name in ("nll", "document_nll")]
    assert counts == [2, 2]


def test_without_a_first_token_bits_per_byte_say_why(model: Any, tmp_path: Path) -> None:
    """A tokenizer with neither BOS nor EOS leaves nothing to predict the first token from."""
    tokenizer = byte_tokenizer()
    tokenizer.bos_token = tokenizer.eos_token = None
    metric = measured(model, tmp_path, tokenizer=tokenizer).metrics["bits_per_byte_window_64"]
    assert metric.value is None
    assert "neither a BOS nor an EOS" in (metric.reason or "")


@pytest.mark.parametrize("separate", [True, False], ids=["head apart", "whole logits"])
def test_capped_logits_give_the_models_own_loss(*, separate: bool) -> None:
    """What a model does to its logits behind the head (Gemma 2's cap) counts, with the head apart and not."""
    model = byte_llama(64, family="Gemma2", final_logit_softcapping=1.0)
    tokens = torch.arange(3, 67)[None]
    head = output_head.output_head(model)
    assert head is not None
    with torch.no_grad():
        expected = float(model(tokens, labels=tokens).loss)
        losses = token_losses.summed_losses(
            model, tokens[:, :-1], tokens[:, 1:], head if separate else None
        )
    assert losses == pytest.approx([63 * expected], rel=1e-5)


def test_no_full_vocabulary_float32_tensor_spans_a_sequence(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head sees as many positions at once as it may, never all of a batch."""
    seen: list[int] = []
    monkeypatch.setattr(output_head, "ELEMENTS", 16 * model.config.vocab_size)
    windows = torch.arange(3, 131).view(2, 64)
    with model.lm_head.register_forward_hook(
        lambda _, args, __: seen.append(args[0].shape[:-1].numel())
    ):
        perplexity.window_losses(model, windows, batch_size=2, progress=False)
    assert max(seen) == 16


def test_short_memory_halves_a_batch(model: Any) -> None:
    """A batch that runs out of memory is scored in halves, with the same losses."""
    windows = torch.arange(3, 163).view(5, 32)
    expected = perplexity.window_losses(model, windows, batch_size=5, progress=False)

    def refuse(_: Any, args: Any) -> None:
        if len(args[0]) > 1:
            raise torch.OutOfMemoryError("a batch of two doesn't fit")

    with model.base_model.embed_tokens.register_forward_pre_hook(refuse):
        found = perplexity.window_losses(model, windows, batch_size=5, progress=False)
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_batch_size_of_one_pads_nothing(model: Any) -> None:
    """With one window at a time no forward pass holds padding, which LLM.int8 would feel."""
    shapes: list[tuple[int, ...]] = []
    documents = bits_per_byte.cut(byte_tokenizer(), ["x" * size for size in (3, 9, 70)], BOS, 64)
    with model.base_model.embed_tokens.register_forward_pre_hook(
        lambda _, args: shapes.append(tuple(args[0].shape))
    ):
        bits_per_byte.document_losses(model, documents, batch_size=1, progress=False)
    assert shapes[TRIES:] == [(1, 64), (1, 64), (1, 9), (1, 3)]


# Resume -----------------------------------------------------------------------------------------


def kept(folder: Path) -> OutcomeStore:
    """Return the store of these tests' one identity."""
    return OutcomeStore.open(folder, {"model": "byte Llama"})


def text_losses(model: Any, store: OutcomeStore | None) -> tuple[list[float], list[float]]:
    """Return the losses of the lines' windows and of their pages."""
    windows = perplexity.cut(byte_tokenizer(), JOINED, 64)
    documents = bits_per_byte.cut(byte_tokenizer(), passages.pages(LINES), BOS, 64)
    settings: dict[str, Any] = {"batch_size": 2, "progress": False, "store": store}
    return (
        perplexity.window_losses(model, windows, **settings),
        bits_per_byte.document_losses(model, documents, **settings),
    )


class Passes:
    """Count the forward passes through a model's body, and interrupt the one behind the last allowed."""

    def __init__(self, allowed: int | None = None) -> None:
        """Interrupt nothing, or the pass after so many."""
        self.allowed = allowed
        self.count = 0

    def __call__(self, *_: Any) -> None:
        """Stand before a forward pass."""
        if self.count == self.allowed:
            raise KeyboardInterrupt
        self.count += 1


def passes_of(model: Any, store: OutcomeStore | None) -> tuple[int, Any]:
    """Return how many forward passes the lines' losses take, and the losses."""
    passes = Passes()
    with model.base_model.embed_tokens.register_forward_pre_hook(passes):
        losses = text_losses(model, store)
    return passes.count, losses


@pytest.mark.parametrize(("allowed", "batches"), [(4, 2), (10, 6)], ids=["windows", "pages"])
def test_an_interrupted_run_goes_on_where_it_stopped(
    model: Any, tmp_path: Path, allowed: int, batches: int
) -> None:
    """Interrupted in the windows or in the pages, a second run computes the rest, to the same last digit."""
    alone, expected = passes_of(model, None)
    interrupting = model.base_model.embed_tokens.register_forward_pre_hook(Passes(allowed))
    with kept(tmp_path) as store, interrupting, pytest.raises(KeyboardInterrupt):
        text_losses(model, store)
    assert len(kept(tmp_path)) == batches
    with kept(tmp_path) as store:
        again, found = passes_of(model, store)
    assert found == expected
    assert again == alone - batches


def test_a_finished_run_is_not_computed_again(model: Any, tmp_path: Path) -> None:
    """What was scored once is read; only the head is tried, for each of the two measures."""
    with kept(tmp_path) as store:
        _, expected = passes_of(model, store)
    with kept(tmp_path) as store:
        again, found = passes_of(model, store)
    assert found == expected
    assert again == 2 * TRIES


def test_a_text_of_nothing_is_refused() -> None:
    """A text without two tokens is a data set's fault."""
    with pytest.raises(DatasetError, match="fewer than two tokens"):
        perplexity.cut(byte_tokenizer(), "x", 64)


def test_lines_without_a_heading_are_refused(model: Any, tmp_path: Path) -> None:
    """A data set of lines that hold no page is a data set's fault."""
    suite = load_suite("paper")
    benchmark = suite.benchmark("wikitext2")
    write_rows(tmp_path, benchmark.dataset.path, "test", [{"text": " A line . \n"}])
    with pytest.raises(DatasetError, match="has no page"):
        run_benchmark(model, byte_tokenizer(), 64, suite, benchmark, datasets_folder=tmp_path)


def test_sentences_are_taken_in_blocks() -> None:
    """PTB's sentences have no documents: fifty make a block, one to a line."""
    found = passages.documents([f" sentence {number} " for number in range(120)], "block")
    assert [len(text.split("\n")) for text in found] == [50, 50, 20]
    assert found[0].startswith("sentence 0\nsentence 1\n")


def real_pages() -> list[str]:
    """Return the pages of WikiText-2's real test rows."""
    if not SHARED:
        pytest.skip("QUANTBOARD_SHARED isn't set")
    dataset = load_suite("paper").benchmark("wikitext2").dataset
    return passages.pages(list(data.load_rows(dataset, Path(SHARED) / "hub")["text"]))


def test_pages_are_those_of_the_document_level_data_set() -> None:
    """WikiText-2's lines make the 62 pages that EleutherAI cut, to the letter."""
    found = real_pages()
    dataset = load_suite("harness").benchmark("wikitext2").dataset
    assert found == list(data.load_rows(dataset, Path(str(SHARED)) / "hub")["page"])
    assert len(found) == 62


@pytest.mark.parametrize(
    ("name", "context"),
    [("stories260K", 512), ("the mini model", 256)],
    ids=["stories260K", "mini"],
)
def test_real_text_agrees_with_the_direct_loop(name: str, context: int, tmp_path: Path) -> None:
    """On the two shortest real pages of WikiText-2 both measures are what the loop says."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    pages = sorted(real_pages(), key=len)[:2]
    stories = Path(str(SHARED)) / "models" / name
    folder = stories if stories.is_dir() else ROOT / "evaluator" / "mini" / "model"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    suite = load_suite("paper")
    benchmark = suite.benchmark("wikitext2")
    lines = [line for page in pages for line in page.splitlines(keepends=True)]
    texts = ["" if line == passages.BLANK_LINE else line for line in lines]
    write_rows(tmp_path, benchmark.dataset.path, "test", [{"text": text} for text in texts])
    metrics = run_benchmark(
        model,
        tokenizer,
        context,
        suite,
        benchmark,
        datasets_folder=tmp_path,
        computing=Computing(batch_size=4),
    ).metrics
    documents = passages.pages(texts)
    first = bits_per_byte.first_token(tokenizer)
    assert first is not None
    direct = perplexity_loop.perplexity(model, tokenizer, "\n\n".join(texts), context)
    bits = perplexity_loop.bits_per_byte(model, tokenizer, documents, context, first)
    assert metrics[f"perplexity_window_{context}"].value == pytest.approx(direct, rel=1e-5)
    assert metrics[f"bits_per_byte_window_{context}"].value == pytest.approx(bits, rel=1e-5)
