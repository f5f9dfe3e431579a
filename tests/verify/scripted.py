"""Show that scripted models get, on real items, exactly the score that theory gives them."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.theory import bbq, followbench, names, rules
from tests.theory.names import Scores
from tests.verify import real_rows
from tests.verify.report import Context, require, shared_folder

Row = Mapping[str, Any]

Limit = int | None
TOLERANCE = 1e-9  # of the largest possible score
BENCHMARKS = (
    "mmlu", "ceval", "flores", "cnn_dailymail", "xsum", "gsm8k", "snli", "followbench", "truthfulqa", "bbq",
)  # fmt: skip
TEXTS = ("wikitext2", "c4")  # scored whole, in suite `harness`
BIASES = (names.UNKNOWN, names.BIASED, names.ANTI)
# Suite `harness` asks this many, for lm-eval needs minutes to build the prompts of a whole data set with its
# examples; but the scripts whose scores it defines otherwise than the paper are asked all of BBQ.
HARNESS_LIMIT = 100
CHOICES = ("mmlu", "ceval", "snli", "truthfulqa")  # of suite harness
SLOW = [
    ("paper", "ceval")
]  # left out of the quick form, and most of suite harness for its long prompts
SLOW += [
    ("harness", name)
    for name in (*BENCHMARKS, *TEXTS)
    if name not in ("truthfulqa", "bbq", "wikitext2")
]
QUICK_ROWS = 24  # of every data set, in a folder of their own


def show(context: Context) -> str:
    """Show the scores of every script on the benchmarks of suites `paper` and `harness`."""
    hub = shared_folder() / "hub"
    if context.quick:
        hub = real_rows.sample(hub, context.scratch / "hub", QUICK_ROWS)
    undo = guess_first() if context.broken(4) else None
    try:
        checked = [
            check_benchmark(hub, suite, name)
            for suite in ("paper", "harness")
            for name in (*BENCHMARKS, *(TEXTS if suite == "harness" else ()))
            if not (context.quick and (suite, name) in SLOW)
        ]
    finally:
        if undo:
            undo()
    scores, answers = (sum(part) for part in zip(*checked, strict=True))
    return (
        f"{scores} scores of scripts on {len(checked)} benchmarks, {answers} answers, as theory says "
        "(right 1, wrong 0, A the share of A; FollowBench 0 for empty; BBQ in suite paper 0, +1 and -1, in "
        "harness 0.0 where no answer is biased)"
    )


def limit_of(suite: str, name: str, script: str) -> Limit:
    """Return how many items are asked; null for all."""
    whole = suite == "paper" or name in TEXTS or (name == "bbq" and script in BIASES)
    return None if whole else HARNESS_LIMIT


def guess_first() -> Callable[[], None]:
    """Put the fault in: a response without an answer counts as the first answer. Return the way back."""
    faults = []
    for name, function in (
        ("mmlu", "english_letter"),
        ("ceval", "chinese_letter"),
        ("snli", "snli_label"),
    ):
        module = importlib.import_module(f"evaluator.tasks.{name}.scoring")
        faults.append((module, function, getattr(module, function)))
        setattr(module, function, _guessing(getattr(module, function)))

    def undo() -> None:
        for module, function, real in faults:
            setattr(module, function, real)

    return undo


def _guessing(real: Callable[..., int | None]) -> Callable[..., int]:
    def find(*arguments: Any) -> int:
        found = real(*arguments)
        return 0 if found is None else found

    return find


# One benchmark -----------------------------------------------------------------------------------


def check_benchmark(hub: Path, suite: str, name: str) -> tuple[int, int]:
    """Compare every script's scores with theory's; return how many scores, and how many answers."""
    rows = real_rows.rows(hub, suite, name)
    compared = answers = 0
    for script in scripts_of(suite, name):
        limit = limit_of(suite, name, script)
        outcome = run(hub, suite, name, script, limit)
        where = f"{suite}/{name}, {script}"
        keys = [(text["task"], text["row"]) for text in outcome.texts]
        require(set(keys) <= set(rows), f"{where}: rows asked that the data haven't")
        require(limit is not None or len(keys) == len(rows), f"{where}: {len(keys)} rows asked")
        said = [str(text.get("output", "")) for text in outcome.texts]
        wanted = expected(suite, name, script, [rows[key] for key in keys], said)
        measured = {metric: found.value for metric, found in outcome.metrics.items()}
        compared += compare(where, measured, wanted)
        answers += len(keys)
    return compared, answers


def scripts_of(suite: str, name: str) -> tuple[str, ...]:
    """Return the scripts that a benchmark is asked with.

    Where choices are scored, a text that is none of them makes all equally likely: one such script will do.
    """
    if name in TEXTS:
        return (names.RIGHT,)
    if name == "bbq":
        return (names.RIGHT, names.WRONG, names.EMPTY, *BIASES)
    if suite == "harness" and name in CHOICES:
        return (names.RIGHT, names.WRONG, names.EMPTY)
    return names.SCRIPTS


def run(hub: Path, suite: str, name: str, script: str, limit: Limit) -> Any:
    """Return the outcome of one script on one benchmark, through the evaluator's own way."""
    from evaluator.scoring.computing import Computing
    from evaluator.scoring.quiet import quiet
    from evaluator.scoring.run import Question, run_tasks
    from evaluator.suites.definitions import load_suite
    from tests.scripted_model import ScriptedEngine

    chosen = load_suite(suite)
    engine = ScriptedEngine(rules.says(suite, name, script), chat=chosen.chat_template)
    with quiet():
        question = Question(chosen, chosen.benchmark(name), hub, limit, Computing(), progress=False)
        return run_tasks(engine, question)


def compare(
    where: str, measured: Scores, wanted: Mapping[str, float | tuple[float, float] | None]
) -> int:
    """Hold what was measured against theory; return how many scores were held."""
    for metric, value in wanted.items():
        found = measured.get(metric)
        require(found is not None, f"{where}: no {metric}, theory says {value}")
        low, high = value if isinstance(value, tuple) else (value, value)
        within = TOLERANCE * max(1.0, abs(high or 0.0))
        require(
            (low or 0.0) - within <= (found or 0.0) <= (high or 0.0) + within,
            f"{where}: {metric} is {found}, theory says {value}",
        )
    return len(wanted)


# Theory ------------------------------------------------------------------------------------------

Wanted = dict[str, Any]


def expected(
    suite: str, name: str, script: str, rows: Sequence[Row], said: Sequence[str]
) -> Wanted:
    """Return theory's scores of a script; a pair of numbers where it leaves a range."""
    if name in TEXTS:
        return texts(rows)
    if name == "followbench":
        return dict(followbench.scores(rows, script))
    paper = suite == "paper"
    if name == "bbq":
        answered = [(row, bbq.taken(row, script, last_of_ties=paper)) for row in rows]
        return dict((bbq.scores if paper else bbq.lm_eval_scores)(answered))
    if name == "truthfulqa":
        return truthfulqa(paper, script, rows)
    if name in ("cnn_dailymail", "xsum"):
        column = "highlights" if name == "cnn_dailymail" else "summary"
        stem = name == "cnn_dailymail" and not paper  # as lm-eval's own task
        return dict(rules.rouge_scores([row[column] for row in rows], said, stem=stem))
    return (PAPER if paper else HARNESS)[name](script, rows, said)


def texts(rows: Sequence[Row]) -> Wanted:
    """Return word perplexity and bits per byte of documents that all have the same likelihood."""
    import math

    from tests.scripted_model import NATS_PER_DOCUMENT

    pages = [str(row["page"] if "page" in row else row["text"]) for row in rows]
    nats = NATS_PER_DOCUMENT * len(pages)
    size = sum(len(page.encode()) for page in pages)
    words = sum(page.count(" ") + 1 for page in pages)
    return {"bits_per_byte": nats / math.log(2) / size} if words else {}


def truthfulqa(paper: bool, script: str, rows: Sequence[Row]) -> Wanted:
    """Return MC1 and MC2; lm-eval's two tasks ask the same rows one after the other."""
    once = rows if paper else rows[: len(rows) // 2]
    says = rules.says("paper", "truthfulqa", script)
    said = [says(row, "") if script != names.ECHO else "" for row in once]
    return dict(rules.truthfulqa_scores(once, said, last_of_ties=paper))


def mmlu(script: str, rows: Sequence[Row], said: Sequence[str]) -> Wanted:
    """Return the paper's MMLU: the share of right letters over all questions."""
    gold = ["ABCD"[row["answer"]] for row in rows]
    if script != names.ECHO:
        return dict(rules.letters(script, gold, [row["choices"] for row in rows]))
    found = [
        rules.echoed_letters(row["question"], row["choices"], text)
        for row, text in zip(rows, said, strict=True)
    ]
    return {"accuracy": rules.bounds(found, gold)}


def ceval(script: str, rows: Sequence[Row], said: Sequence[str]) -> Wanted:
    """Return the paper's C-Eval: the mean over subjects of the share of right letters."""

    def letters(part: Sequence[Row]) -> Scores:
        options = [[row[letter] for letter in "ABCD"] for row in part]
        return rules.letters(script, [row["answer"] for row in part], options)

    def score(part: Sequence[Row]) -> float:
        return letters(part)["accuracy"] or 0.0

    if script != names.ECHO:
        rate = letters(rows)["unparsed_rate"]
        return {"accuracy": rules.by_subject(rows, score), "unparsed_rate": rate}
    found = {
        id(row): rules.echoed_letters(row["question"], [row[letter] for letter in "ABCD"], text)
        for row, text in zip(rows, said, strict=True)
    }

    def end(place: int) -> float:
        return rules.by_subject(
            rows,
            lambda part: rules.bounds(
                [found[id(row)] for row in part], [row["answer"] for row in part]
            )[place],
        )

    return {"accuracy": (end(0), end(1))}


def flores(_script: str, rows: Sequence[Row], said: Sequence[str]) -> Wanted:
    """Return the paper's FLORES: each score's mean over both directions."""
    parts = [_direction(rows, said, chinese=chinese) for chinese in (True, False)]
    return {metric: sum(part[metric] or 0.0 for part in parts) / 2 for metric in parts[0]}


def _direction(rows: Sequence[Row], said: Sequence[str], *, chinese: bool) -> Scores:
    language = "zho_Hans" if chinese else "eng_Latn"
    pairs = [
        (row[f"sentence_{language}"], text)
        for row, text in zip(rows, said, strict=True)
        if (row["direction"] == "en-zh") == chinese
    ]
    references, responses = zip(*pairs, strict=True)
    return rules.translation_scores(references, responses, chinese=chinese)


def harness_flores(_script: str, rows: Sequence[Row], said: Sequence[str]) -> Wanted:
    """Return the scores of each direction; the two tasks ask the same rows one after the other."""
    half = len(rows) // 2
    wanted: Wanted = {}
    for name, language, part in (
        ("en_zh", "zho_Hans", slice(0, half)),
        ("zh_en", "eng_Latn", slice(half, None)),
    ):
        references = [row[f"sentence_{language}"] for row in rows[part]]
        scores = rules.translation_scores(references, said[part], chinese=name == "en_zh")
        wanted |= {f"{metric}_{name}": value for metric, value in scores.items()}
    return wanted


def harness_letters(script: str, rows: Sequence[Row], _said: Sequence[str]) -> Wanted:
    """Return the share of right letters; where nothing is likelier lm-eval takes the first, A."""
    gold = [
        row["answer"] if isinstance(row["answer"], str) else "ABCD"[row["answer"]] for row in rows
    ]
    known = script if script in (names.RIGHT, names.WRONG) else names.LETTER
    return {"accuracy": rules.letters(known, gold, [[]] * len(gold))["accuracy"]}


def harness_snli(script: str, rows: Sequence[Row], _said: Sequence[str]) -> Wanted:
    """Return the share of right words; where nothing is likelier lm-eval takes the first, True."""
    known = {names.RIGHT: 1.0, names.WRONG: 0.0}
    return {"accuracy": known.get(script, names.share([row["label"] == 0 for row in rows]))}


def harness_gsm8k(script: str, rows: Sequence[Row], _said: Sequence[str]) -> Wanted:
    """Return the strict share of right numbers; a repeated prompt's first example says 6."""
    if script == names.ECHO:
        return {"accuracy_strict": names.share([rules.gsm8k_solution(row) == 6 for row in rows])}
    right = float(script == names.RIGHT)
    return {"accuracy_strict": right, "accuracy_flexible": right}


Theory = Callable[[str, Sequence[Row], Sequence[str]], Wanted]

PAPER: dict[str, Theory] = {
    "mmlu": mmlu,
    "ceval": ceval,
    "flores": flores,
    "gsm8k": lambda _, rows, said: dict(rules.gsm8k_scores(rows, said)),
    "snli": lambda _, rows, said: dict(rules.snli_scores(rows, said)),
}
HARNESS: dict[str, Theory] = {
    "mmlu": harness_letters,
    "ceval": harness_letters,
    "flores": harness_flores,
    "gsm8k": harness_gsm8k,
    "snli": harness_snli,
}
