"""Importing a paper's figures: what is written, and whether what is committed is current."""

import csv
import shutil
from pathlib import Path

import pytest

from evaluator.cli import main
from evaluator.errors import InputError
from evaluator.reported import averages, proxies
from evaluator.reported.importer import import_reported, packaged, reported_entries
from evaluator.reported.publication import grouped_bits, read_publication
from evaluator.results import ONLY_BITS, Metric, UnitResult
from evaluator.submissions import Entry, attest, check, find_entries, read_ledger, source_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "evaluator" / "reported"
FIGURES, PAPER = PACKAGE / "jin-2024.csv", PACKAGE / "jin-2024.yaml"
BASE = "Qwen--Qwen-7B-Chat/bf16-jin-2024"
SPQR2 = "Qwen--Qwen-7B-Chat/spqr-2bit-g16-jin-2024"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of the paper's entries, written once."""
    root = tmp_path_factory.mktemp("imported") / "submissions"
    import_reported(FIGURES, PAPER, root)
    return root


@pytest.fixture
def tree(imported: Path, tmp_path: Path) -> Path:
    """Return a copy of the paper's entries that a test may change: those of the smallest model."""
    family = Path(BASE).parts[0]
    shutil.copytree(imported / family, tmp_path / "tree" / family)
    return tmp_path / "tree"


@pytest.fixture(scope="module")
def entries() -> dict[str, Entry]:
    """Return the committed entries of the paper by name."""
    found = find_entries(ROOT / "submissions")
    return {entry.name: entry for entry in found if entry.name.endswith("-jin-2024")}


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by path."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def results(entry: Entry) -> dict[str, UnitResult]:
    """Return an entry's results by benchmark, the probe under `efficiency`."""
    return {
        stored.result.benchmark if stored.result.suite else "efficiency": stored.result
        for stored in entry.results
    }


def metrics(result: UnitResult) -> list[Metric]:
    """Return every metric of a result, those of groups too."""
    return [one for part in (result.metrics, *result.groups.values()) for one in part.values()]


# What is written --------------------------------------------------------------------------------


def test_committed_entries_are_what_the_command_writes(
    tmp_path: Path, entries: dict[str, Entry]
) -> None:
    """The 30 entries under submissions/ are the import's own bytes, and a second import changes none."""
    command = ["import-reported", "jin-2024.csv", "--paper", "jin-2024.yaml"]
    assert main([*command, "--output", str(tmp_path)]) == 0
    written = contents(tmp_path)
    committed = {
        path: text for path, text in contents(ROOT / "submissions").items() if "-jin-2024/" in path
    }
    assert len(entries) == 30
    assert written == committed
    assert main([*command, "--output", str(tmp_path)]) == 0
    assert contents(tmp_path) == written


def test_every_figure_of_the_csv_is_in_an_entry(entries: dict[str, Entry]) -> None:
    """All 690 stand there in the suite's units: 23 per entry, and the mean of FLORES-200's directions."""
    with FIGURES.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 690
    values = [
        metric.value
        for entry in entries.values()
        for result in results(entry).values()
        for metric in metrics(result)
    ]
    assert len(values) == 690 + 30 + 30  # the means, and the effective bits
    own = results(entries[BASE])
    assert own["mmlu"].metrics["accuracy"].value == 0.558
    assert own["flores"].groups["en-zh"]["spbleu"].value == 32.02
    assert own["flores"].groups["zh-en"]["spbleu"].value == 27.24
    assert own["flores"].metrics["spbleu"].value == 29.63
    assert own["bbq"].metrics["bias_ambiguous"].value == 0.062
    assert own["efficiency"].metrics["peak_memory_bytes"].value == pytest.approx(15.14 * 2**30)
    assert own["efficiency"].metrics["generated_tokens_per_second"].value == 37.67


def test_nothing_looks_measured(entries: dict[str, Entry]) -> None:
    """No interval, item, model, data set or duration; the source is `reported`, and the day the paper's."""
    for entry in entries.values():
        assert entry.submission.source == "reported"
        for stored in entry.results:
            result, record = stored.result, stored.result.provenance
            assert source_of(entry, stored, {}) == "reported"
            assert (result.items, record.model, record.datasets) == (None, None, [])
            assert result.timing.seconds == 0
            assert result.timing.started == result.timing.finished == "2024-02-26T00:00:00Z"
            for metric in metrics(result):
                assert (metric.stderr, metric.ci95, metric.raw) == (None, None, None)


def test_each_result_is_cited_with_its_table(entries: dict[str, Entry]) -> None:
    """The first note of every result names paper and table, and the command is the import."""
    for entry in entries.values():
        assert entry.submission.citation is not None
        assert "arXiv 2402.16775" in entry.submission.citation
        for stored in entry.results:
            record = stored.result.provenance
            assert record.notes[0].startswith("Jin et al. 2024 (arXiv 2402.16775), Table")
            assert record.command == "quantboard import-reported jin-2024.csv --paper jin-2024.yaml"


@pytest.mark.parametrize(
    ("name", "benchmark", "words"),
    [
        (BASE, "ceval", "Asked on test"),
        (BASE, "gsm8k", "the paper doesn't say which was used"),
        (BASE, "followbench", "gpt-4-0314 judged 470"),
        (BASE, "xsum", "are sampled"),
        (BASE, "efficiency", "reading the prompt included"),
        (BASE, "efficiency", "called GB in the paper and is GiB"),
        (SPQR2, "efficiency", "dequantized to dense bfloat16"),
        (BASE.replace("7B", "72B"), "efficiency", "number of cards differs"),
        (BASE.replace("7B", "14B"), "followbench", "Table 2 prints 53.16"),
    ],
)
def test_what_differs_is_noted(
    entries: dict[str, Entry], name: str, benchmark: str, words: str
) -> None:
    """Each caveat stands at the results that it concerns, and the judge is named."""
    assert words in " ".join(results(entries[name])[benchmark].provenance.notes)


def test_notes_stand_only_where_they_hold(entries: dict[str, Entry]) -> None:
    """Likelihood benchmarks aren't called sampled, and the 7B ran on one number of cards."""
    own = results(entries[BASE])
    assert "sampled" not in " ".join(own["truthfulqa"].provenance.notes)
    assert "cards differs" not in " ".join(own["efficiency"].provenance.notes)
    judge = own["followbench"].provenance.judge
    assert judge is not None
    assert (judge.mode, judge.model, judge.judged) == ("endpoint", "gpt-4-0314", 470)
    assert own["mmlu"].provenance.judge is None


def test_items_are_given_where_the_paper_gives_them(entries: dict[str, Entry]) -> None:
    """MMLU has its 14,042, a perplexity has none, and BBQ's number is of both contexts together."""
    own = results(entries[BASE])
    assert own["mmlu"].metrics["accuracy"].n == 14042
    assert own["flores"].metrics["spbleu"].n == 2 * 1012
    assert own["wikitext2"].metrics["perplexity"].n is None
    assert own["bbq"].metrics["bias_ambiguous"].n is None


# Effective bits ---------------------------------------------------------------------------------


def test_grouped_bits_count_scale_and_zero_point() -> None:
    """4 bits in groups of 128 are 4.16."""
    assert round(grouped_bits(4, 128), 2) == 4.16
    assert [grouped_bits(bits, 128) for bits in (8, 3, 2)] == [8.1875, 3.1484375, 2.140625]


def spqr_bits(bits: int, share: float) -> float:
    """Return SpQR's own accounting: groups of 16, 3-bit scales and zeros, 32 bits an outlier."""
    return bits + (3 + 3) / 16 + 2 * (16 + 16) / (16 * 16) + 32 * share


@pytest.mark.parametrize(
    ("bits", "shares"),
    [(8, (3e-5, 4e-5)), (4, (33e-5, 44e-5)), (3, (0.0165, 0.0168)), (2, (0.111, 0.118))],
)
def test_spqr_bits_follow_its_own_accounting(
    entries: dict[str, Entry], bits: int, shares: tuple[float, float]
) -> None:
    """The published shares of outliers give them; only at 2 bits they leave a range, which is marked."""
    entry = entries[f"Qwen--Qwen-7B-Chat/spqr-{bits}bit-g16-jin-2024"]
    found = results(entry)["efficiency"].metrics["bits_per_weight_linear"]
    low, high = (spqr_bits(bits, share) for share in shares)
    assert found.value == pytest.approx((low + high) / 2, abs=0.012)
    assert (found.note == "middle of 6.2 to 6.4") == (high - low > 0.1)


def test_effective_bits_stand_beside_nominal_ones(entries: dict[str, Entry]) -> None:
    """LLM.int8 has 8, a baseline 16, GPTQ at 4 bits 4.16."""
    family = "Qwen--Qwen-72B-Chat"
    wanted = {"bf16": 16.0, "bnb-int8": 8.0, "gptq-4bit-g128": 4.15625}
    for variant, bits in wanted.items():
        probe = results(entries[f"{family}/{variant}-jin-2024"])["efficiency"]
        assert probe.metrics["bits_per_weight_linear"].value == bits


# Checking ---------------------------------------------------------------------------------------


def test_check_accepts_the_committed_entries() -> None:
    """Nothing is wrong with them, not even a warning."""
    assert check([], root=ROOT / "submissions") == []


def test_they_are_never_verified(tree: Path) -> None:
    """Attesting them is refused, and a ledger that names one is an error."""
    file = tree / BASE / "results" / "paper@1" / "mmlu.json"
    with pytest.raises(InputError, match="nobody verifies"):
        attest(tree, [file])
    (tree / "verified.sha256").write_text(f"{'0' * 64}  {file.relative_to(tree)}\n")
    (problem,) = check([], root=tree)
    assert "nobody verifies" in problem.message
    entry = find_entries(tree)[0]
    assert source_of(entry, entry.results[0], read_ledger(tree)) == "reported"


def test_nothing_is_run_into_them(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`quantboard run` of such an entry names the model to run instead."""
    assert main(["run", BASE, "--root", str(tree), "--output", str(tree / "runs")]) == 2
    assert "evaluate the model itself, Qwen/Qwen-7B-Chat" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ('"ci95": null', '"ci95": [0.5, 0.6]', "has an interval"),
        ('"stderr": null', '"stderr": 0.01', "has an interval"),
        ('"items": null', '"items": "mmlu.parquet"', "has items"),
    ],
)
def test_an_interval_or_items_are_refused(tree: Path, field: str, value: str, words: str) -> None:
    """What only a measurement has can't stand in a reported entry."""
    file = tree / BASE / "results" / "paper@1" / "mmlu.json"
    file.write_text(file.read_text().replace(field, value))
    assert words in " ".join(problem.message for problem in check([], root=tree))


def test_two_papers_may_report_the_same_checkpoint(tree: Path) -> None:
    """Two citations are two entries, and one citation twice is a duplicate."""
    other = tree / f"{BASE.removesuffix('jin-2024')}other-2025"
    shutil.copytree(tree / BASE / "results", other / "results")
    for file in other.rglob("*.json"):
        file.write_text(file.read_text().replace(BASE, other.relative_to(tree).as_posix()))
    text = (tree / BASE / "submission.yaml").read_text()
    (other / "submission.yaml").write_text(text.replace("Renren Jin", "Somebody Else"))
    assert check([], root=tree) == []
    (other / "submission.yaml").write_text(text)
    assert "is the same checkpoint" in check([], root=tree)[0].message


# What is in the way ----------------------------------------------------------------------------


def test_a_measured_entry_is_never_overwritten(tree: Path) -> None:
    """An entry of another source in the way stops the import before anything is written."""
    file = tree / BASE / "submission.yaml"
    file.write_text(file.read_text().replace("source: reported\n", ""))
    (tree / SPQR2 / "submission.yaml").unlink()
    before = contents(tree)
    with pytest.raises(InputError) as caught:
        import_reported(FIGURES, PAPER, tree)
    assert "is an entry that was measured" in str(caught.value)
    assert "holds no submission.yaml" in str(caught.value)
    assert contents(tree) == before


def test_results_of_another_import_are_named(tree: Path) -> None:
    """A result that the paper's file no longer has would stay on the board unseen, so it is refused."""
    stray = tree / BASE / "results" / "paper@1" / "mmlu.2.json"
    shutil.copy(stray.with_name("mmlu.json"), stray)
    with pytest.raises(InputError, match=r"mmlu\.2\.json isn't one of the paper's results"):
        import_reported(FIGURES, PAPER, tree)


def test_a_file_here_goes_before_the_packages_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare name means the package's file only where there is none here."""
    monkeypatch.chdir(tmp_path)
    assert packaged(Path("jin-2024.csv")) == FIGURES
    (tmp_path / "jin-2024.csv").touch()
    assert packaged(Path("jin-2024.csv")) == Path("jin-2024.csv")
    assert packaged(Path("nobody-1900.csv")) == Path("nobody-1900.csv")


# Reading them again -----------------------------------------------------------------------------


def test_paper_is_whole() -> None:
    """Every width of every method is there for every model: 30 configurations."""
    publication = read_publication(PAPER)
    widths = sum(
        1 if one.method == "none" else len(ONLY_BITS[one.method])
        for one in publication.methods.values()
    )
    assert len(publication.models) * widths == len(reported_entries(FIGURES, PAPER)) == 30


def test_averages_are_of_all_parts_or_none(entries: dict[str, Entry]) -> None:
    """The three averages of Table 2, and none where a part is missing."""
    own = averages.results_of(entries[BASE], "paper@1")
    assert averages.average_accuracy(own) == pytest.approx(57.18)
    assert averages.average_perplexity(own) == pytest.approx(11.756667)
    assert averages.average_bleu(own) == 29.63
    fewer = {name: result for name, result in own.items() if name not in ("c4", "snli", "flores")}
    assert averages.average_accuracy(fewer) is None
    assert averages.average_perplexity(fewer) is None
    assert averages.average_bleu(fewer) is None


def test_perplexity_stands_in_for_truthfulness_only_by_size(entries: dict[str, Entry]) -> None:
    """Over the twelve models of Table 3 MMLU follows perplexity within a size, TruthfulQA doesn't."""
    points = [
        proxies.Scored(entry.family, averages.results_of(entry, "paper@1"))
        for name, entry in entries.items()
        if "3bit" in name or "4bit" in name
    ]
    found = {str(one.score): one for one in proxies.proxies(points)}
    assert len(points) == 12
    assert found["mmlu accuracy"].pooled.r == pytest.approx(-0.886, abs=5e-4)
    assert found["mmlu accuracy"].within.r == pytest.approx(-0.94, abs=5e-3)
    assert found["truthfulqa mc1"].pooled.r == pytest.approx(-0.771, abs=5e-4)
    assert found["truthfulqa mc1"].within.r == pytest.approx(-0.24, abs=5e-3)
    assert found["truthfulqa mc1"].within.ci95[1] > 0
