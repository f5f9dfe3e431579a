"""Hold comparisons of two entries to spreadsheets: items files read by pandas, formulas written out."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from evaluator.cli import main
from evaluator.comparison.boards import resampled_scores
from evaluator.comparison.entries import Line, benchmark_results, compare_entries
from evaluator.comparison.report import as_json, as_text
from evaluator.comparison.scores import scores
from evaluator.comparison.shares import share, slope
from evaluator.entries import Entry, read_entry
from evaluator.errors import InputError, ResultError
from evaluator.files import sha256_file
from evaluator.items import write_items
from evaluator.results import read_result
from evaluator.statistics.ranking import rank_ranges, tie_groups
from evaluator.suites.definitions import MetricDefinition, load_suite
from tests.simulated.entries import write_entry

FAMILY = "simulated--model"
PAPER = load_suite("paper")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tree with a base and two variants, one of them far worse."""
    folder = tmp_path_factory.mktemp("submissions")
    base = write_entry(folder / FAMILY / "bf16", 1, 0.6)
    write_entry(folder / FAMILY / "gptq-4bit-g128", 2, 0.6, base, 0.01)
    write_entry(folder / FAMILY / "gptq-2bit-g128", 3, 0.6, base, 0.3)
    return folder


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """Return a copy of the tree to spoil."""
    return Path(shutil.copytree(root, tmp_path / "submissions"))


def entry(root: Path, variant: str) -> Entry:
    """Read one entry."""
    return read_entry(root / FAMILY / variant)


def compared(root: Path, variant: str = "gptq-4bit-g128") -> dict[str, Line]:
    """Compare a variant with the base."""
    lines = compare_entries(entry(root, "bf16"), entry(root, variant))
    return {line.benchmark.name: line for line in lines}


def sheet(root: Path, variant: str, benchmark: str) -> pd.DataFrame:
    """Read an items file as anybody would."""
    file = root / FAMILY / variant / "results" / PAPER.label / f"{benchmark}.parquet"
    return pd.read_parquet(file)


def change(root: Path, variant: str, benchmark: str, **fields: Any) -> None:
    """Change fields of a result, `provenance__prompt_hash` for one inside."""
    file = root / FAMILY / variant / "results" / PAPER.label / f"{benchmark}.json"
    data = json.loads(file.read_text("utf-8"))
    for name, value in fields.items():
        *outer, last = name.split("__")
        inside = data
        for part in outer:
            inside = inside[int(part) if part.isdigit() else part]
        inside[last] = value
    file.write_text(json.dumps(data), encoding="utf-8")


def test_both_sides_are_the_results_own_values(root: Path) -> None:
    """Of every benchmark base and variant come out of the items as the results have them."""
    lines = compared(root)
    assert list(lines) == [one.name for one in PAPER.benchmarks]
    for name, line in lines.items():
        assert line.paired, line.reason
        assert line.comparison is not None
        for side, variant in (("base", "bf16"), ("variant", "gptq-4bit-g128")):
            file = root / FAMILY / variant / "results" / PAPER.label / f"{name}.json"
            metric = read_result(file).metrics[line.metric]
            assert getattr(line.comparison, side) == pytest.approx(metric.value, rel=2e-4), name


def test_right_and_wrong_by_a_spreadsheet(root: Path) -> None:
    """MMLU: flips counted by pandas, p by statsmodels, the interval where a score test ends."""
    line = compared(root, "gptq-2bit-g128")["mmlu"]
    base, variant = (sheet(root, one, "mmlu")["correct"] for one in ("bf16", "gptq-2bit-g128"))
    lost, gained = int((base & ~variant).sum()), int((~base & variant).sum())
    found = line.comparison
    assert found is not None
    assert found.flips is not None
    assert (found.flips.n, found.flips.lost, found.flips.gained) == (14_042, lost, gained)
    assert found.difference.value == pytest.approx(variant.mean() - base.mean())
    assert found.p == pytest.approx(mcnemar([[0, lost], [gained, 0]], exact=True).pvalue)
    stderr = np.sqrt((lost + gained) / 14_042 - found.difference.value**2) / np.sqrt(14_042)
    assert found.difference.high - found.difference.low == pytest.approx(
        2 * 1.96 * stderr, rel=0.01
    )
    assert found.retention is not None
    assert found.retention.value == pytest.approx(variant.mean() / base.mean())


def test_flips_by_subject_add_up(root: Path) -> None:
    """Each subject's flips by pandas, all of them together those of the benchmark."""
    line = compared(root, "gptq-2bit-g128")["mmlu"]
    base, variant = (sheet(root, one, "mmlu") for one in ("bf16", "gptq-2bit-g128"))
    assert line.parts is not None
    lost = (base["correct"] & ~variant["correct"]).groupby(base["stratum"]).sum()
    assert {name: one.lost for name, one in line.parts.items()} == lost.to_dict()
    assert line.comparison is not None
    assert line.comparison.flips is not None
    assert sum(one.gained for one in line.parts.values()) == line.comparison.flips.gained


def test_subjects_that_weigh_the_same_by_a_spreadsheet(root: Path) -> None:
    """C-Eval: the mean over subjects of their mean differences."""
    base, variant = (sheet(root, one, "ceval") for one in ("bf16", "gptq-2bit-g128"))
    apart = variant["correct"].astype(float) - base["correct"].astype(float)
    groups = apart.groupby(base["stratum"])
    found = compared(root, "gptq-2bit-g128")["ceval"].comparison
    assert found is not None
    assert found.difference.value == pytest.approx(groups.mean().mean())
    stderr = np.sqrt((groups.var() / groups.size()).sum()) / len(groups)
    assert found.difference.high - found.difference.low == pytest.approx(3.92 * stderr, rel=0.03)


def test_rouge_by_a_spreadsheet(root: Path) -> None:
    """XSum: the paired t-test over documents."""
    base, variant = (
        sheet(root, one, "xsum")["rougeL"].astype(float) for one in ("bf16", "gptq-2bit-g128")
    )
    found, other = compared(root, "gptq-2bit-g128")["xsum"].comparison, ttest_rel(variant, base)
    assert found is not None
    assert found.p == pytest.approx(other.pvalue)
    low, high = other.confidence_interval(0.95)
    assert (found.difference.low, found.difference.high) == pytest.approx((low, high), rel=1e-6)
    assert found.flips is None


def test_perplexity_by_a_spreadsheet(root: Path) -> None:
    """WikiText-2: the ratio of perplexities is e to the mean difference of losses, and so are its bounds."""
    base, variant = (
        sheet(root, one, "wikitext2")["nll"].dropna() for one in ("bf16", "gptq-2bit-g128")
    )
    found, other = (
        compared(root, "gptq-2bit-g128")["wikitext2"].comparison,
        ttest_rel(base, variant),
    )
    assert found is not None
    assert found.retention is not None
    assert found.retention.value == pytest.approx(np.exp((base - variant).mean()))
    low, high = np.exp(other.confidence_interval(0.95))
    assert (found.retention.low, found.retention.high) == pytest.approx((low, high))
    assert found.p == pytest.approx(other.pvalue, rel=1e-4)
    assert found.difference.value == pytest.approx(
        np.exp(variant.mean()) - np.exp(base.mean()), abs=1e-5
    )


def test_bias_by_a_spreadsheet(root: Path) -> None:
    """BBQ: 2 biased / known - 1 by category, times the wrong answers, and the mean over categories."""

    def bias(variant: str) -> float:
        frame = sheet(root, variant, "bbq").dropna(subset=["biased"])
        frame = frame[frame["stratum"].str.endswith(", ambiguous")]
        frame = frame[~frame["stratum"].str.contains("(names)", regex=False)]
        groups = frame.astype({"biased": float, "known": float}).groupby("stratum")
        sums = groups[["biased", "known"]].sum()
        return float(
            ((2 * sums["biased"] / sums["known"] - 1) * (1 - groups["correct"].mean())).mean()
        )

    found = compared(root, "gptq-2bit-g128")["bbq"].comparison
    assert found is not None
    assert found.base == pytest.approx(bias("bf16"), abs=1e-9)
    assert found.variant == pytest.approx(bias("gptq-2bit-g128"), abs=1e-9)
    expected = abs(bias("gptq-2bit-g128")) - abs(bias("bf16"))
    assert found.difference.value == pytest.approx(expected, abs=1e-9)
    assert found.retention is None


def test_p_values_are_corrected_over_the_benchmarks(root: Path) -> None:
    """Holm's rule over all thirteen, by statsmodels."""
    lines = list(compared(root).values())
    expected = multipletests([one.comparison.p for one in lines if one.comparison], method="holm")[
        1
    ]
    assert [one.adjusted for one in lines] == pytest.approx(expected.tolist())


def test_an_entry_does_not_differ_from_itself(root: Path) -> None:
    """No difference anywhere, p is 1, everything is retained."""
    lines = compare_entries(entry(root, "bf16"), entry(root, "bf16"))
    for line in lines:
        assert line.comparison is not None
        assert line.comparison.difference.value == 0
        assert line.adjusted == 1.0
        assert line.comparison.retention is None or line.comparison.retention.value == 1.0


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("suite", "paper@2", "suite versions differ: paper@2 and paper@1"),
        ("provenance__prompt_hash", "0" * 64, "prompt hashes differ"),
        ("provenance__datasets__0__fingerprint", "0" * 64, "data-set fingerprints differ"),
        ("provenance__judge", {"mode": "local", "model": "local/judge"}, "judges differ in mode"),
    ],
)
def test_what_may_not_be_compared_is_refused(
    copy: Path, field: str, value: Any, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The field that differs is named; the other benchmarks are compared, and the exit status is 1."""
    change(copy, "gptq-4bit-g128", "mmlu", **{field: value})
    line = compared(copy)["mmlu"]
    assert line.comparison is None
    assert words in line.refusals[0]
    names = [f"{FAMILY}/bf16", f"{FAMILY}/gptq-4bit-g128"]
    assert main(["compare", *names, "--root", str(copy)]) == 1
    said = capsys.readouterr().out
    assert f"/mmlu: {words}" in said
    assert "xsum" in said
    assert "knowledge" not in said.replace(
        "Knowledge", ""
    )  # a mean over fewer benchmarks would flatter


def test_all_differing_fields_are_named_at_once(copy: Path) -> None:
    """Two fields, two sentences."""
    change(copy, "gptq-4bit-g128", "mmlu", suite="paper@2", provenance__prompt_hash="0" * 64)
    assert len(compared(copy)["mmlu"].refusals) == 2


def test_items_that_were_changed_are_refused(copy: Path) -> None:
    """Another file than the one that was measured; and one with other rows under the same data set."""
    file = copy / FAMILY / "bf16" / "results" / PAPER.label / "gsm8k.parquet"
    write_items({"correct": [True, False], "flags": [0, 0]}, file)
    with pytest.raises(ResultError, match="items_sha256"):
        compared(copy)
    change(copy, "bf16", "gsm8k", items_sha256=sha256_file(file))
    with pytest.raises(ResultError, match="differ in rows"):
        compared(copy)


def test_without_items_scores_are_compared_as_if_independent(copy: Path) -> None:
    """The interval is wider, and the table marks the line."""
    narrow = compared(copy)["gsm8k"].comparison
    change(copy, "bf16", "gsm8k", items=None, items_sha256=None)
    lines = compare_entries(entry(copy, "bf16"), entry(copy, "gptq-4bit-g128"))
    line = next(one for one in lines if one.benchmark.name == "gsm8k")
    wide = line.comparison
    assert narrow is not None
    assert wide is not None
    assert not line.paired
    assert wide.difference.value == pytest.approx(narrow.difference.value)
    assert wide.difference.high - wide.difference.low > 3 * (
        narrow.difference.high - narrow.difference.low
    )
    assert "~gsm8k" in as_text("a", "b", lines)


def test_a_failed_unit_is_no_comparison(copy: Path) -> None:
    """It says which entry failed."""
    change(copy, "gptq-4bit-g128", "snli", status="failed", reason="out of memory")
    assert compared(copy)["snli"].reason == f"{FAMILY}/gptq-4bit-g128 failed"


def test_reported_figures_meet_no_measured_ones(copy: Path) -> None:
    """And entries that share no benchmark are told so."""
    file = copy / FAMILY / "bf16" / "submission.yaml"
    file.write_text(file.read_text("utf-8").replace("self-reported", "reported"), encoding="utf-8")
    with pytest.raises(InputError, match="publication"):
        compared(copy)
    file.write_text(file.read_text("utf-8").replace("reported", "self-reported"), encoding="utf-8")
    shutil.rmtree(copy / FAMILY / "bf16" / "results")
    with pytest.raises(InputError, match=r"share no benchmark \(suites none and paper@1\)"):
        compared(copy)


def test_an_entry_that_is_not_there(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence says what to give."""
    assert main(["compare", f"{FAMILY}/bf16", "nobody/nothing", "--root", str(root)]) == 2
    assert "there is no entry 'nobody/nothing'" in capsys.readouterr().err


def test_json_holds_what_the_table_shows(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Plain JSON without NaN, equal to the comparison itself."""
    base, variant = f"{FAMILY}/bf16", f"{FAMILY}/gptq-2bit-g128"
    assert main(["compare", base, variant, "--root", str(root), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    lines = compared(root, "gptq-2bit-g128")
    assert said == json.loads(as_json(base, variant, list(lines.values())))
    record = next(one for one in said["benchmarks"] if one["benchmark"] == "mmlu")
    comparison = lines["mmlu"].comparison
    assert comparison is not None
    assert record["difference"]["low"] == comparison.difference.low
    assert set(said["scores"][PAPER.label]) == {"score", "knowledge", "alignment"}


def test_dimension_scores_by_hand(root: Path) -> None:
    """The mean share of best; its interval from those of the benchmarks, which are independent."""
    lines = list(compared(root, "gptq-2bit-g128").values())
    found = scores(PAPER, lines)["alignment"]
    parts = {one.benchmark.name: one.comparison for one in lines}
    hsr, mc1, bias = (parts[name] for name in ("followbench", "truthfulqa", "bbq"))
    assert hsr is not None
    assert mc1 is not None
    assert bias is not None
    expected = (hsr.base + (mc1.base - 0.2261) / (1 - 0.2261) + 1 - abs(bias.base)) / 3
    assert found.base == pytest.approx(expected)
    down = [
        hsr.difference.value - hsr.difference.low,
        (mc1.difference.value - mc1.difference.low) / (1 - 0.2261),
        bias.difference.high - bias.difference.value,
    ]
    assert found.difference.value - found.difference.low == pytest.approx(np.linalg.norm(down) / 3)
    assert found.retention is not None
    assert found.retention.value == pytest.approx(found.variant / found.base)


def test_a_missing_benchmark_leaves_its_scores_out(root: Path) -> None:
    """Never averaged over."""
    lines = [one for one in compared(root).values() if one.benchmark.name != "bbq"]
    assert set(scores(PAPER, lines)) == {"knowledge"}


@pytest.mark.parametrize(
    ("definition", "value", "expected"),
    [
        (MetricDefinition(title="", direction="higher", chance=0.25), 0.25, 0.0),
        (MetricDefinition(title="", direction="higher", chance=0.25), 1.0, 1.0),
        (MetricDefinition(title="", direction="higher", highest=5.0), 2.5, 0.5),
        (MetricDefinition(title="", direction="lower", highest=1.0), 0.25, 0.75),
        (MetricDefinition(title="", direction="zero", lowest=-1.0), -0.2, 0.8),
        (MetricDefinition(title="", direction="zero", lowest=0.0, highest=0.0), 0.0, None),
        (MetricDefinition(title="", direction="lower", lowest=1.0, highest=None), 5.0, None),
        (MetricDefinition(title="", direction="higher", highest=None), 5.0, None),
    ],
)
def test_shares_of_best(definition: MetricDefinition, value: float, expected: float | None) -> None:
    """From chance to the best, bias as 1 - |bias|, none without a best."""
    assert share(definition, value) == (None if expected is None else pytest.approx(expected))
    assert (slope(definition) is None) == (expected is None)


def test_a_board_is_resampled_in_pairs(root: Path) -> None:
    """The far worse variant is told apart; scores are the dimension's, and scatter as their errors say."""
    entries = [entry(root, name) for name in ("bf16", "gptq-4bit-g128", "gptq-2bit-g128")]
    results = [
        {name: one for (_, name), one in benchmark_results(each).items()} for each in entries
    ]
    found = resampled_scores(PAPER, results, ("knowledge", "alignment"))
    own = scores(PAPER, compare_entries(entries[0], entries[2]))["score"]
    assert found.scores[[0, 2]] == pytest.approx([own.base, own.variant], rel=1e-4)
    apart = found.drawn[2] - found.drawn[0]
    low, high = np.percentile(apart, [2.5, 97.5])
    width = own.difference.high - own.difference.low
    assert high - low == pytest.approx(width, rel=0.15)
    near = found.drawn[1] - found.drawn[0]
    assert np.std(near) < 0.4 * np.hypot(np.std(found.drawn[0]), np.std(found.drawn[1]))
    assert tie_groups(found.scores, found.drawn)[2] == max(tie_groups(found.scores, found.drawn))
    assert rank_ranges(found.scores, found.drawn)[2] == (3, 3)
    with pytest.raises(ValueError, match="leave it out"):
        resampled_scores(PAPER, [{}], ("knowledge",))
