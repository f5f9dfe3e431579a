"""Show that the imported figures are the paper's: its averages of Table 2 and its correlations of Table 3."""

import csv
import dataclasses
from collections.abc import Sequence
from decimal import Decimal

from evaluator.reported import averages
from evaluator.reported.proxies import SCORES, Proxy, Scored, proxies
from evaluator.submissions import Entry, find_entries
from tests.verify.report import ROOT, Context, require, shared_folder

POINT = 3
SUITE, KEY = "paper@1", "jin-2024"
ENTRIES = 30
AVERAGES = {
    "average_accuracy": averages.average_accuracy,
    "average_perplexity": averages.average_perplexity,
    "average_bleu": averages.average_bleu,
}
# Half of the last printed digit of what is averaged, in the average's unit, and of the average itself.
# Accuracies: MMLU to 0.01 %, C-Eval to 0.1 %, the three others to 1 %.
ROUNDING = {
    "average_accuracy": (0.005 + 0.05 + 3 * 0.5) / 5 + 0.005,
    "average_perplexity": 0.005 + 0.005,
    "average_bleu": 0.005 + 0.005,
}
# What Table 2 prints otherwise than the tables with the details: entry, benchmark, metric, value as printed.
SLIPS = (
    ("Qwen--Qwen-7B-Chat/spqr-3bit-g16", "average_perplexity", "", 13.40),
    ("Qwen--Qwen-14B-Chat/bf16", "followbench", "hsr", 0.5316),
    ("Qwen--Qwen-14B-Chat/bf16", "followbench", "ssr", 0.6225),
    ("Qwen--Qwen-14B-Chat/bf16", "followbench", "csl", 2.15),
    ("Qwen--Qwen-14B-Chat/spqr-3bit-g16", "efficiency", "memory", 29.97),
    ("Qwen--Qwen-14B-Chat/bf16", "average_rougeL", "", 0.196),
    ("Qwen--Qwen-14B-Chat/gptq-8bit-g128", "average_rougeL", "", 0.196),
)
# Table 3, in the order of SCORES.
PRINTED = (
    -0.892, -0.930, -0.884, -0.904, -0.768, -0.493, -0.222, -0.890, -0.849, -0.885, -0.911, -0.583,
    -0.864, -0.899, -0.877, -0.789, -0.765, 0.806,
)  # fmt: skip
NEAR = 0.02
FAR = {"flores en-zh spbleu", "cnn_dailymail rougeL", "xsum rouge1", "xsum rouge2", "xsum rougeL"}
GIB = 1024**3


def show(context: Context) -> str:
    """Return the figures of both tables.

    Raises:
        ShortfallError: an average or a correlation isn't the paper's, and isn't a slip that is known.
    """
    entries = _entries(context)
    require(len(entries) == ENTRIES, f"{len(entries)} entries of {KEY}, not {ENTRIES}")
    return f"{_table2(entries)}; {_table3(list(entries.values()))}"


def _entries(context: Context) -> dict[str, Entry]:
    """Return the paper's entries by name without its key; by the fault one has another size's perplexity."""
    found = find_entries(ROOT / "submissions")
    suffix = f"-{KEY}"
    entries = {
        entry.name.removesuffix(suffix): entry for entry in found if entry.name.endswith(suffix)
    }
    if context.broken(POINT):
        name = "Qwen--Qwen-{}-Chat/gptq-3bit-g128"
        small, large = name.format("7B"), name.format("72B")
        entries[small] = _with_perplexity(entries[small], entries[large])
    return entries


def _with_perplexity(entry: Entry, other: Entry) -> Entry:
    texts = {benchmark for benchmark, _ in averages.PERPLEXITIES}
    kept = [one for one in entry.results if one.result.benchmark not in texts]
    taken = [one for one in other.results if one.result.benchmark in texts]
    return dataclasses.replace(entry, results=(*kept, *taken))


# Table 2 ----------------------------------------------------------------------------------------


def _table2(entries: dict[str, Entry]) -> str:
    slips = {(name, kind): value for name, kind, part, value in SLIPS if not part}
    wrong, agreeing, largest = [], 0, 0.0
    for name, kind, printed in _printed_averages():
        got = AVERAGES[kind](averages.results_of(entries[name], SUITE))
        require(got is not None, f"{name} has no {kind}")
        off = abs((got or 0.0) - printed)
        near = off <= ROUNDING[kind] + 1e-9
        agreeing += near
        share = off / ROUNDING[kind]
        largest = max(largest, share) if near else largest
        if near == ((name, kind) in slips):  # a slip that isn't one is wrong, too
            wrong.append(f"{name} {kind} {got:.2f}, printed {printed}")
    require(not wrong, f"Table 2 is not reproduced: {'; '.join(wrong)}")
    figures = f"Table 2: {agreeing} of {len(AVERAGES) * ENTRIES} averages within rounding"
    return f"{figures}, by at most {largest:.0%} of what it allows; slips: {_slips(entries)}"


def _printed_averages() -> list[tuple[str, str, float]]:
    variants = {"none": "bf16", "llm.int8": "bnb-int8"}
    groups = {"gptq": 128, "spqr": 16}
    found = []
    with (shared_folder() / "reference" / "reported_table2.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            method, bits = row["method"], row["nominal_bits"]
            variant = variants.get(method) or f"{method}-{bits}bit-g{groups[method]}"
            name = f"Qwen--{row['model']}/{variant}"
            found.append((name, row["aggregate"], float(row["value_as_printed"])))
    require(len(found) == 3 * ENTRIES, f"{len(found)} printed averages, not {3 * ENTRIES}")
    return found


def _slips(entries: dict[str, Entry]) -> str:
    told = []
    for name, kind, metric, printed in SLIPS:
        got = _value(entries[name], kind, metric)
        label = f"{name} {kind} {metric}".strip()
        require(got is not None and abs(got - printed) > 10 * _unit(printed), f"{label} is no slip")
        told.append(f"{label} {got:.4g}, printed {printed} ({printed - (got or 0):+.3g})")
    return ", ".join(told)


def _value(entry: Entry, kind: str, metric: str) -> float | None:
    results = averages.results_of(entry, SUITE)
    if kind == "average_rougeL":
        parts = [averages.value_of(results, one, "rougeL") for one in ("xsum", "cnn_dailymail")]
        return sum(part or 0.0 for part in parts) / 2
    if kind in AVERAGES:
        return AVERAGES[kind](results)
    if kind == "efficiency":
        probe = next(one.result for one in entry.results if one.result.kind == "efficiency")
        return (probe.metrics["peak_memory_bytes"].value or 0.0) / GIB
    return averages.value_of(results, kind, metric)


def _unit(printed: float) -> float:
    """Return one of the last digit that a number is printed with."""
    exponent = Decimal(str(printed)).as_tuple().exponent
    return 10.0 ** int(exponent)


# Table 3 ----------------------------------------------------------------------------------------


def _table3(entries: Sequence[Entry]) -> str:
    points = [
        Scored(entry.family, averages.results_of(entry, SUITE))
        for entry in entries
        if entry.submission.quantization.method in ("gptq", "spqr")
        and entry.submission.quantization.bits in (3, 4)
    ]
    require(len(points) == 12, f"{len(points)} entries of GPTQ and SpQR at 4 and 3 bits, not 12")
    rows = list(zip(proxies(points), PRINTED, strict=True))
    far = [(proxy, printed) for proxy, printed in rows if abs(proxy.pooled.r - printed) > NEAR]
    named = ", ".join(f"{proxy.score} {_difference(proxy, printed)}" for proxy, printed in far)
    figures = (
        f"Table 3: {len(rows) - len(far)} of {len(SCORES)} correlations within {NEAR}, not {named}"
    )
    require({str(proxy.score) for proxy, _ in far} <= FAR, figures)
    within = ", ".join(
        f"{proxy.score} {proxy.pooled.r:+.2f} / {proxy.within.r:+.2f} "
        f"[{proxy.within.ci95[0]:+.2f} {proxy.within.ci95[1]:+.2f}]"
        for proxy, _ in rows
    )
    return f"{figures}; pooled / within size [95 %]: {within}"


def _difference(proxy: Proxy, printed: float) -> str:
    return f"{proxy.pooled.r:+.3f} for {printed:+.3f} ({proxy.pooled.r - printed:+.3f})"
