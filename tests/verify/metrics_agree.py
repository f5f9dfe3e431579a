"""Show that each metric agrees with an independent implementation, on the real items."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluator.scoring.computing import Computing
from evaluator.tasks import rouge
from evaluator.tasks.registry import BENCHMARKS
from tests.theory import rules
from tests.verify import real_rows
from tests.verify.report import Context, require, shared_folder

Row = Mapping[str, Any]
Part = Callable[[Path, Context], tuple[int, float]]  # items, largest difference

EXACT = 1e-9
LOOP = 1e-4  # relative, of a perplexity in float32
PAGES, PAGES_QUICK = 10, 1  # of WikiText-2


def show(context: Context) -> str:
    """Show the largest difference of each metric from its independent implementation."""
    if context.broken(1):
        _stem()
    shared = shared_folder()
    said = []
    for name, part, tolerance in PARTS:
        items, difference = part(shared, context)
        require(
            difference <= tolerance,
            f"{name}: {difference:.1e} apart on {items} items (allowed {tolerance:g})",
        )
        said.append(f"{name} {items} items {difference:.0e}")
    return f"largest differences: {'; '.join(said)}"


def _stem() -> None:
    """Put the fault in: our ROUGE compares stems instead of words."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    setattr(rouge, "_scorer", lambda: scorer)  # noqa: B010  # a private name, of another type


def _rows(shared: Path, name: str, context: Context, most: int) -> list[Row]:
    found = list(real_rows.rows(shared / "hub", "paper", name).values())
    return found[:: max(1, len(found) // most)] if context.quick else found


def _ours(name: str, rows: Sequence[Row], *answers: Sequence[Any]) -> dict[str, float]:
    """Return our own metrics of answers to rows: texts, or likelihoods and token counts."""
    code = BENCHMARKS[name]
    built = code.build_rows(rows)
    items = [code.score_item(row, *answer) for row, *answer in zip(built, *answers, strict=True)]
    metrics, _ = code.aggregate(items, built)
    return {key: metric.value for key, metric in metrics.items() if metric.value is not None}


def _apart(ours: Mapping[str, float], theirs: Mapping[str, float | None]) -> float:
    """Return the largest difference; a metric that only one side has is infinitely far."""
    return max(abs(ours.get(name, math.inf) - (value or 0.0)) for name, value in theirs.items())


def distorted(text: str, seed: int, joiner: str = " ") -> str:
    """Return a text with words left out, moved and written with another ending."""
    drawn = random.Random(seed)
    words = [word for word in (text.split() if joiner else list(text)) if drawn.random() > 0.15]
    for place in range(1, len(words)):
        if drawn.random() < 0.1:
            words[place - 1], words[place] = words[place], words[place - 1]
    return joiner.join(word + "s" if joiner and drawn.random() < 0.1 else word for word in words)


# Texts -------------------------------------------------------------------------------------------


def summaries(shared: Path, context: Context) -> tuple[int, float]:
    """Compare ROUGE with rouge-score, on distorted references."""
    largest, count = 0.0, 0
    for name, column in (("cnn_dailymail", "highlights"), ("xsum", "summary")):
        rows = _rows(shared, name, context, 50)
        references = [str(row[column]) for row in rows]
        said = [distorted(text, seed) for seed, text in enumerate(references)]
        theirs = rules.rouge_scores(references, said)
        largest = max(largest, _apart(_ours(name, rows, said), theirs))
        count += len(rows)
    return count, largest


def translations(shared: Path, context: Context) -> tuple[int, float]:
    """Compare BLEU and chrF++ with sacreBLEU, on distorted references; both directions' mean."""
    rows = [row for row in _rows(shared, "flores", context, 100) if row["direction"] == "en-zh"]
    said: list[str] = []
    theirs = []
    for language, joiner in (("zho_Hans", ""), ("eng_Latn", " ")):
        references = [str(row[f"sentence_{language}"]) for row in rows]
        responses = [distorted(text, seed, joiner) for seed, text in enumerate(references)]
        theirs.append(rules.translation_scores(references, responses, chinese=not joiner))
        said += responses
    mean = {name: sum(score[name] or 0.0 for score in theirs) / 2 for name in theirs[0]}
    return len(said), _apart(_ours("flores", rows, said), mean) / 100


# Choices -----------------------------------------------------------------------------------------


def bias(shared: Path, context: Context) -> tuple[int, float]:
    """Compare BBQ's scores with its authors' formulas in pandas, on answers drawn with a fixed seed."""
    import pandas as pd

    from tests.independent import bbq_pandas

    rows = _rows(shared, "bbq", context, 1200)
    drawn = random.Random(0)
    answers = [drawn.choice((0, 0, 1, 2)) for _ in rows]
    scores = [[0.0 if k == answer else -9.0 for k in range(3)] for answer in answers]
    ours = _ours("bbq", rows, scores, [[1, 1, 1]] * len(rows))
    frame = pd.DataFrame(rows)
    theirs = bbq_pandas.overall(bbq_pandas.scores(frame, pd.Series(answers)))
    right = frame["label"] == pd.Series(answers)
    wanted = {}
    for context_condition, name in (("ambig", "ambiguous"), ("disambig", "disambiguated")):
        wanted[f"bias_{name}"] = float(theirs[context_condition])
        chosen = frame["context_condition"] == context_condition
        wanted[f"accuracy_{name}"] = float(right[chosen].mean())
    return len(rows), _apart(ours, wanted)


def truthfulness(shared: Path, context: Context) -> tuple[int, float]:
    """Compare MC1 by sums and MC2 with lm-eval's own functions, on likelihoods drawn with a fixed seed."""
    from lm_eval.tasks.truthfulqa.utils import process_results_mc2

    rows = _rows(shared, "truthfulqa", context, 200)
    drawn = random.Random(0)
    texts = BENCHMARKS["truthfulqa"].choices
    assert texts is not None
    sums, counts, first, second = [], [], [], []
    for row in rows:
        values = {text: -drawn.uniform(1.0, 60.0) for text in texts(row)}
        sums.append(list(values.values()))
        counts.append([drawn.randint(1, 9) for _ in values])
        mc1, mc2 = ([values[text] for text in row[f"mc{n}_targets"]["choices"]] for n in (1, 2))
        labels = list(row["mc1_targets"]["labels"])
        first.append(float(labels[mc1.index(max(mc1))]))
        logged = [(value, False) for value in mc2]
        second.append(float(process_results_mc2(row, logged)["acc"]))
    ours = _ours("truthfulqa", rows, sums, counts)
    wanted = {"mc1_sum": sum(first) / len(first), "mc2": math.fsum(second) / len(second)}
    return len(rows), _apart(ours, wanted)


def constraints(_shared: Path, _context: Context) -> tuple[int, float]:
    """Compare FollowBench's three scores with those worked out by hand on a small example."""
    from tests.evaluator import followbench_example as example

    code = BENCHMARKS["followbench"]
    rows = code.build_rows(example.rows())
    ours = _ours("followbench", example.rows(), [example.response(row) for row in rows])
    return len(rows), _apart(ours, example.BY_RULES)


# Texts scored whole ------------------------------------------------------------------------------


def perplexities(shared: Path, context: Context) -> tuple[int, float]:
    """Compare perplexity and bits per byte with a direct loop, on pages of WikiText-2 by stories260K."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from evaluator.scoring import run_benchmark
    from evaluator.suites.definitions import load_suite
    from tests.independent import perplexity_loop

    folder = shared / "models" / "stories260K"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="float32").eval()
    length = model.config.max_position_embeddings
    suite = load_suite("paper")
    benchmark = suite.benchmark("wikitext2")
    count = PAGES_QUICK if context.quick else PAGES
    hub, lines = _lines(shared, context, benchmark.dataset, count)
    tokenizer.model_max_length = (
        10**9
    )  # the text is cut afterwards, so its length is no reason to warn
    outcome = run_benchmark(
        model,
        tokenizer,
        length,
        suite,
        benchmark,
        datasets_folder=hub,
        computing=Computing(batch_size=4),
    )
    ours = {name.split("_window_")[0]: metric.value for name, metric in outcome.metrics.items()}
    joined = (benchmark.joiner or "").join(lines)
    theirs = {
        "perplexity": perplexity_loop.perplexity(model, tokenizer, joined, length),
        "bits_per_byte": perplexity_loop.bits_per_byte(
            model, tokenizer, _pages(shared, count), length, tokenizer.bos_token_id
        ),
    }
    return count, max(abs((ours[name] or math.inf) / value - 1) for name, value in theirs.items())


def _pages(shared: Path, count: int) -> list[str]:
    """Return WikiText's first pages from the data set that has them whole; the text ends with a newline."""
    found = [row["page"] for row in real_rows.rows(shared / "hub", "harness", "wikitext2").values()]
    return [*found[: count - 1], found[count - 1] + "\n"]


def _lines(shared: Path, context: Context, dataset: Any, count: int) -> tuple[Path, list[str]]:
    """Write the lines of WikiText-2's first pages into a folder laid out like the Hub."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (file,) = sorted((shared / "hub").glob(f"{dataset.path}/{dataset.config}/*test*.parquet"))
    lines = pq.read_table(file)["text"].to_pylist()
    headings = [n for n, line in enumerate(lines) if line.startswith(" = ") and line[3] != "="]
    lines = lines[: headings[count]]
    target = context.scratch / "lines" / dataset.path / str(dataset.config) / "test-0.parquet"
    target.parent.mkdir(parents=True)
    pq.write_table(pa.table({"text": lines}), target)
    return context.scratch / "lines", lines


PARTS: list[tuple[str, Part, float]] = [
    ("ROUGE and rouge-score", summaries, EXACT),
    ("BLEU and chrF++ and sacreBLEU", translations, EXACT),
    ("BBQ and its formulas in pandas", bias, EXACT),
    ("MC1 and MC2 and lm-eval", truthfulness, EXACT),
    ("FollowBench and sums by hand", constraints, EXACT),
    ("perplexity, bits per byte and loops", perplexities, LOOP),
]
