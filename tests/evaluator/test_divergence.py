"""Divergences measured by the engine, against those of whole logits; what is kept; who is refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from evaluator import models
from evaluator.errors import InputError, ModelError
from evaluator.models import Loaded
from evaluator.scoring import output_head as heads
from evaluator.scoring.computing import Computing
from evaluator.scoring.divergence import base as bases
from evaluator.scoring.divergence import kept as keeping
from evaluator.scoring.divergence import unit as units
from evaluator.scoring.divergence.asked import Asked, Passage, asked, numbered
from evaluator.scoring.divergence.base import identity, run_base, tokens_known
from evaluator.scoring.divergence.compare import Compared, compare
from evaluator.scoring.divergence.passes import Plan, Some, logits, plan
from evaluator.scoring.divergence.unit import require_same, run_divergence
from evaluator.scoring.run import Question, embedded_folder
from evaluator.suites.definitions import load_suite

MINI = Path(__file__).resolve().parents[2] / "evaluator" / "mini" / "model"
NOISE = 0.02  # of a weight's own spread


def question(name: str, limit: int = 3) -> Question:
    """Ask a divergence of suite mini of a few windows or questions."""
    suite = load_suite("mini")
    benchmark = suite.benchmark(f"{name}-divergence")
    return Question(suite, benchmark, embedded_folder(), limit, Computing(4), progress=False)


def noisy(loaded: Loaded, noise: float) -> Loaded:
    """Return a variant: the same with noise on its weights."""
    other = models.load(MINI, identifier="local/noisy", dtype="float32")
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in other.model.parameters():
            weight += noise * weight.std() * torch.randn(weight.shape, generator=draw)
    return other


pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(scope="module")
def base() -> Loaded:
    """Return the mini model."""
    return models.load(MINI, identifier="local/mini", dtype="float32")


@pytest.fixture(scope="module")
def variant(base: Loaded) -> Loaded:
    """Return it with noise on its weights."""
    return noisy(base, NOISE)


def known(loaded: Loaded, asking: Question) -> dict[str, Any]:
    """Return the identity of what is kept of a base."""
    return identity(loaded.folder.sha256(), "float32", "cpu", asking)


def kept(loaded: Loaded, asking: Question) -> tuple[keeping.Kept, keeping.Record]:
    """Return what a base gives, made if it isn't there."""
    if keeping.find(known(loaded, asking)) is None:
        run_base(loaded, asking, known(loaded, asking))
    found = keeping.find(known(loaded, asking))
    assert found is not None
    return found


def given(loaded: Loaded, asking: Question) -> tuple[Asked, Plan]:
    """Return what is asked of a model, and how it reads."""
    read = asked(loaded.model, loaded.tokenizer, loaded.context_length, asking)
    return read, plan(loaded.model, tokens_known(loaded.tokenizer), read, asking.computing)


def compared(loaded: Loaded, read: Asked, how: Plan, base: keeping.Kept) -> Compared:
    """Compare a model with what is kept."""
    result = Compared.empty(len(read.clusters))
    compare(base, logits(loaded.model, how, read.passages, read.places, lambda _: None), result)
    return result


def whole(loaded: Loaded, read: Asked) -> torch.Tensor:
    """Return log-probabilities (N x vocabulary, float64) at all positions, from the model's own logits."""
    found = torch.zeros((len(read.clusters), tokens_known(loaded.tokenizer)), dtype=torch.float64)
    with torch.no_grad():
        for passage, places in zip(read.passages, read.places, strict=True):
            tokens = torch.from_numpy(passage.tokens.astype(np.int64))[None]
            own = loaded.model(tokens).logits[0, len(passage.tokens) - passage.read :]
            found[torch.from_numpy(places)] = own.double().log_softmax(-1)
    return found


@pytest.mark.parametrize("name", ["wikitext2", "truthfulqa"])
def test_divergences_are_those_of_whole_distributions(
    name: str, base: Loaded, variant: Loaded
) -> None:
    """Each position's exact value lies between the bounds, and the estimate's mean is the exact one."""
    asking = question(name, 12)
    read, how = given(variant, asking)
    result = compared(variant, read, how, kept(base, asking)[0])
    first, second = whole(base, read), whole(variant, read)
    exact = (first.exp() * (first - second)).sum(-1).numpy()
    assert exact.mean() > 1e-4
    assert (result.found.lowest <= exact + 1e-5 + 1e-2 * exact).all()
    assert (exact <= result.found.highest + 1e-5 + 1e-2 * exact).all()
    assert result.found.estimate.mean() == pytest.approx(exact.mean(), rel=0.02)
    assert (result.agrees == (first.argmax(-1) == second.argmax(-1)).numpy()).all()


@pytest.mark.parametrize("name", ["wikitext2", "truthfulqa"])
def test_a_base_does_not_diverge_from_itself(name: str, base: Loaded) -> None:
    """Nothing but what batches change, which is what the floor says."""
    asking = question(name)
    outcome = run_divergence(base, asking, kept(base, asking))
    floor = outcome.metrics["kl_floor"].value
    assert floor is not None
    assert 0 <= floor < 1e-10
    divergence = outcome.metrics["kl_divergence"].value
    assert divergence is not None
    assert divergence <= floor
    assert outcome.metrics["top1_agreement"].value == 1
    assert outcome.compared_with == base.description


def test_more_noise_diverges_more(base: Loaded, variant: Loaded) -> None:
    """Divergence, its bounds and agreement go the same way; items are the windows."""
    asking = question("wikitext2")
    outcomes = [
        run_divergence(one, asking, kept(base, asking)) for one in (variant, noisy(base, 0.2))
    ]
    values = [{name: one.value or 0 for name, one in found.metrics.items()} for found in outcomes]
    for name in ("kl_divergence", "kl_median", "kl_p99", "kl_lower_bound"):
        assert 0 < values[0][name] < values[1][name]
    assert values[0]["top1_agreement"] > values[1]["top1_agreement"]
    columns, metric = outcomes[1].columns, outcomes[1].metrics["kl_divergence"]
    assert columns["positions"] == [255] * 3
    assert np.mean(columns["kl_millinats"]) / 1000 == pytest.approx(metric.value)
    assert np.mean(columns["agreement"]) == pytest.approx(values[1]["top1_agreement"])
    assert (metric.n, outcomes[1].shots, outcomes[1].tokens["prompt"]) == (765, 0, 765)
    spread = np.std(columns["kl_millinats"]) / 1000 / np.sqrt(3)
    assert metric.stderr == pytest.approx(spread)


def test_every_way_gives_the_same(
    base: Loaded, variant: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a tree, by rows of any number, without a known head, and a few positions at a time."""
    asking = question("bbq", 6)
    read, how = given(variant, asking)
    assert how.sizes is not None
    own = kept(base, asking)[0]
    expected = compared(variant, read, how, own).found.estimate
    monkeypatch.setattr(heads, "ELEMENTS", 5 * how.vocabulary)
    ways = [
        how,
        how.otherwise(len(read.passages)),
        replace(how, sizes=None, rows=5),
        replace(how, sizes=None, rows=1),
        replace(how, sizes=None, head=None),
    ]
    for way in ways:
        found = compared(variant, read, way, own).found.estimate
        assert found == pytest.approx(expected, rel=1e-2, abs=1e-7)


def test_no_more_logits_than_the_head_gives_at_once(
    base: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a window of 255 positions, ten at a time."""
    read, how = given(base, question("wikitext2", 1))
    monkeypatch.setattr(heads, "ELEMENTS", 10 * how.vocabulary)
    parts = list(logits(base.model, how, read.passages, read.places, lambda _: None))
    assert {len(values) for _, values in parts} == {10, 5}
    assert sorted(np.concatenate([numbers for numbers, _ in parts])) == list(range(255))


def test_each_beginning_counts_once() -> None:
    """Two answers of one question share all but their own tokens; the first question has what is shared."""
    rows = [([1, 2, 3], 2, 0), ([1, 2, 4], 2, 0), ([1, 2], 1, 1), ([5], 1, 2)]
    passages = [Passage(np.array(row, np.int32), read, item) for row, read, item in rows]
    places, clusters = numbered(passages)
    assert places[0][0] == places[1][0] == places[2][0]
    assert len({*np.concatenate(places).tolist()}) == len(clusters) == 4
    assert clusters[np.concatenate(places)].tolist() == [0, 0, 0, 0, 0, 2]


def test_another_tokenizer_is_refused(base: Loaded) -> None:
    """By what it makes of the texts, and by its number of tokens; another prompt is told apart."""
    asking = question("wikitext2")
    (read, how), (_, record) = given(base, asking), kept(base, asking)
    require_same(read, how.vocabulary, record)
    with pytest.raises(InputError, match="another tokenizer than local/mini; take the base"):
        require_same(read, how.vocabulary, replace(record, tokens="other"))
    with pytest.raises(InputError, match="vocabulary has 1792 tokens and that of local/mini 1790"):
        require_same(read, how.vocabulary, replace(record, vocabulary=1790))
    with pytest.raises(InputError, match="asked in other words than local/mini"):
        require_same(read, how.vocabulary, replace(record, texts="other"))


def test_a_variant_without_numbers_has_no_divergence(
    base: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One NaN at one position empties every metric but the floor, and says so; its item failed."""

    def spoilt(*arguments: Any) -> Iterator[Some]:
        for numbers, values in logits(*arguments):
            values[numbers == 300, 9] = torch.nan
            yield numbers, values

    asking = question("wikitext2")
    monkeypatch.setattr(units, "logits", spoilt)
    outcome = run_divergence(base, asking, kept(base, asking))
    metric = outcome.metrics["kl_divergence"]
    assert metric.value is None
    assert metric.reason == "1 of 765 positions have no finite divergence from the base"
    assert outcome.metrics["kl_floor"].value is not None
    assert outcome.columns["flags"] == [0, 4, 0]
    assert outcome.columns["kl_millinats"] == [0, None, 0]


def test_a_base_without_numbers_keeps_nothing(base: Loaded, own_cache: Path) -> None:
    """It is refused, and leaves no folder behind."""
    asking, broken = question("wikitext2", 2), noisy(base, 0.0)
    with torch.no_grad():
        broken.model.get_output_embeddings().weight[5] = torch.nan
    before = sorted(own_cache.rglob("*"))
    with pytest.raises(ModelError, match="take a sound base"):
        run_base(broken, asking, known(base, asking))
    assert sorted(own_cache.rglob("*")) == before


def test_what_is_kept_belongs_to_its_base(base: Loaded) -> None:
    """Another file, dtype, limit or number of tokens kept finds nothing."""
    asking = question("wikitext2")
    own = kept(base, asking)[1].identity
    others = [
        identity({**base.folder.sha256(), "model.safetensors": "0"}, "float32", "cpu", asking),
        identity(base.folder.sha256(), "bfloat16", "cpu", asking),
        identity(base.folder.sha256(), "float32", "cpu", replace(asking, limit=4)),
        {**own, "kept": [8, 0, 1234]},
    ]
    for other in others:
        assert keeping.find(other) is None
    assert keeping.find(own) is not None


def test_damaged_files_count_as_none(base: Loaded) -> None:
    """And are made again."""
    asking = question("wikitext2", 1)
    folder = keeping.place(known(base, asking))
    for name in ("record.json", "tokens.npy", "values.npy", "others.npy"):
        kept(base, asking)
        file = folder / name
        file.write_bytes(file.read_bytes()[:100])
        assert keeping.find(known(base, asking)) is None, name
    kept(base, asking)
    assert [one.name for one in folder.parent.iterdir() if one.name.startswith(".")] == []


def test_draws_are_the_same_each_time_and_none_of_the_likeliest(
    base: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the batches; and a likelier token is drawn more often."""
    asking = question("wikitext2")
    (own, record), passages = kept(base, asking), given(base, asking)[0]
    k = record.likeliest
    assert (record.drawn, own.tokens.shape) == (8, (len(passages.clusters), k + 8))
    for row in np.asarray(own.tokens[:50]):
        assert not {*row[:k].tolist()} & {*row[k:].tolist()}
    first = np.array(own.tokens)
    monkeypatch.setattr(heads, "ELEMENTS", 7 * record.vocabulary)
    run = {**known(base, asking), "again": True}
    bases.run_base(base, asking, run)
    again = keeping.find(run)
    assert again is not None
    assert (again[0].tokens == first).mean() > 0.999  # but for likelihoods that are all but equal
