"""What the site says of a benchmark, and which scores never meet in one column."""

from dataclasses import replace
from pathlib import Path

import pytest
from sitegen import load, metrics
from sitegen.board import boards
from sitegen.build import build
from sitegen.contents import contents
from sitegen.pages import benchmarks, scores
from sitegen.pages.writer import Pages
from sitegen.render import environment

from evaluator.results import JudgeUsed, Metric, UnitResult
from evaluator.suites import describe
from evaluator.suites.definitions import Benchmark, load_suite, suite_names
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.examples import RECIPES, add_entry
from tests.sitegen.reading import Page

PAIR = "flores-deu_Latn-fra_Latn"
NAME = "local--tiny-llama/bf16"


def words(path: Path) -> str:
    """Return a page's text with single spaces."""
    return " ".join(Page(path).text.split())


@pytest.fixture(scope="module")
def two_suites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a site of an entry on suite `paper`, a pair of languages among it, and of one on `harness`."""
    folder = tmp_path_factory.mktemp("derived")
    entry = add_entry(folder / "submissions", RECIPES[0], suite="paper")
    pair = load_suite("paper").benchmark(PAIR)
    examples.write_result(entry, examples.benchmark_result(NAME, RECIPES[0], pair, "paper"))
    add_entry(folder / "submissions", RECIPES[4], suite="harness")
    build(folder / "submissions", folder / "_site", root=ROOT)
    return folder / "_site"


@pytest.mark.parametrize("suite", suite_names())
def test_every_benchmark_of_every_suite_has_a_page(site: Path, suite: str) -> None:
    """What is asked can be read before anything is measured: prompt, scoring, difference, licence, source."""
    for one in load_suite(suite).benchmarks:
        text = words(site / f"benchmarks/{suite}/{one.name}/index.html")
        told = (one.meaning, one.prompt, one.scoring, one.differs, one.licence, one.citation)
        for part in (*told, one.data_note, *map(describe.scale, one.metrics.values())):
            assert " ".join(part.split()) in text, (one.name, part)


def test_page_shows_the_prompt_of_an_embedded_item(site: Path) -> None:
    """The example is the prompt as the code makes it, with the choices that are scored."""
    text = Page(site / "benchmarks/paper/bbq/index.html").text
    shown = describe.example(load_suite("paper").benchmark("bbq"))
    assert shown is not None
    assert shown.prompt in text
    assert set(shown.choices) <= {line for line in shown.choices if line in text}
    assert "An item of" not in Page(site / "benchmarks/harness/bbq/index.html").text


def test_derived_benchmark_has_a_page_of_its_own(two_suites: Path) -> None:
    """Its page says what it comes from; the base's page leads to it and shows none of its scores."""
    own = words(two_suites / f"benchmarks/paper/{PAIR}/index.html")
    assert "A benchmark of its own, derived from FLORES-200" in own
    assert "on the board" not in own.lower().replace("not on the board", "")
    base = Page(two_suites / "benchmarks/paper/flores/index.html")
    assert f"benchmarks/paper/{PAIR}/index.html" in " ".join(one["href"] for one in base.all("a"))
    assert scored(base) == 1


def scored(page: Page) -> int:
    """Return how many rows of scores a benchmark's page has: those that name an entry."""
    return sum(one.get("class") == "variant" for one in page.all("a"))


def test_derived_benchmark_is_on_no_board(two_suites: Path) -> None:
    """Neither board nor downloads know of it; the entry's page keeps it apart."""
    for name in ("index.html", "leaderboard.csv", "api/v1/leaderboard.json"):
        assert "German" not in (two_suites / name).read_text()
        assert PAIR not in (two_suites / name).read_text()
    text = words(two_suites / f"entries/{NAME}/index.html")
    assert text.index("Derived benchmarks") < text.index("FLORES-200, German to French")


def test_derived_results_alone_make_no_row(tmp_path: Path) -> None:
    """An entry that was asked another pair only is on no board, and its page still shows the result."""
    entry = examples.write_submission(tmp_path / "submissions", examples.submission(RECIPES[0]))
    pair = load_suite("paper").benchmark(PAIR)
    examples.write_result(entry, examples.benchmark_result(NAME, RECIPES[0], pair, "paper"))
    assert boards(load.read(tmp_path / "submissions")) == []
    build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    text = words(tmp_path / f"_site/entries/{NAME}/index.html")
    assert "FLORES-200, German to French" in text
    assert "no longer ranked" not in text


def test_board_has_the_headline_alone(site: Path) -> None:
    """Unparsed rates and every other metric beside the headline stay off the board."""
    text = words(site / "index.html")
    assert "Unparsed" not in text
    page = words(site / "benchmarks/mini/mmlu/index.html").partition("counts in no score.")[2]
    assert page.index("on the board") < page.index("beside it") < page.index("Unparsed")


def without_spbleu(benchmark: Benchmark, recipe: examples.Recipe) -> UnitResult:
    """Return a result of FLORES-200 measured where the tokenizer couldn't be had."""
    made = examples.benchmark_result("a--b/c", recipe, benchmark)
    lacking = {**made.metrics, "spbleu": Metric(value=None, reason="no tokenizer")}
    return made.model_copy(update={"metrics": lacking})


def test_one_column_has_one_metric(tmp_path: Path) -> None:
    """Where one entry lacks spBLEU all show chrF++: the two never stand in one column."""
    flores = load_suite("mini").benchmark("flores")
    for recipe in (RECIPES[0], RECIPES[4]):
        add_entry(tmp_path, recipe)
    assert columns(tmp_path) == "spBLEU"
    path = tmp_path / "local--tiny-llama/gptq-4bit-g128"
    result = without_spbleu(flores, RECIPES[4])
    examples.write_result(path, result.model_copy(update={"entry": "/".join(path.parts[-2:])}))
    assert columns(tmp_path) == "chrF++"


def columns(root: Path) -> str:
    """Return the metric that the FLORES-200 column of the first board shows, of all rows the same."""
    table = boards(load.read(root))[0]
    column = next(one for one in table.columns if one.key == "flores")
    metric = table.suite.benchmark("flores").headline
    for row in table.rows:
        result = row.entry.benchmarks(table.suite.label)["flores"].result
        assert row.figures["flores"].value == result.metrics[metric[0]].value
    return column.description.partition(":")[0]


def test_settled_headline_is_the_last_where_none_is_shared() -> None:
    """Even where no metric is everybody's there is one, and who lacks it has no value."""
    flores = load_suite("paper").benchmark("flores")
    lacking = without_spbleu(flores, RECIPES[0])
    neither = lacking.model_copy(
        update={"metrics": {**lacking.metrics, "chrf_plus_plus": Metric(value=None, reason="no")}}
    )
    assert metrics.settled(flores, [lacking, neither]).headline == ["chrf_plus_plus"]
    assert metrics.settled(flores, []).headline == ["spbleu"]


def test_shorter_windows_are_said_beside_the_number() -> None:
    """A perplexity in windows of another length than the suite's carries a note, and so does its mean."""
    wikitext = load_suite("paper").benchmark("wikitext2")
    made = examples.benchmark_result("a--b/c", RECIPES[0], wikitext, "paper")
    short = {"perplexity_window_512": Metric(value=9.0)}
    whole = {"perplexity_window_2048": Metric(value=8.0)}
    figures = [
        found[1]
        for measured in (short, whole)
        if (found := metrics.headline(wikitext, made.model_copy(update={"metrics": measured})))
    ]
    assert [one.note for one in figures] == ["windows of 512", ""]
    mean = metrics.mean(list(figures))
    assert mean == replace(metrics.Figure(8.5), note="windows of 512")


def test_suites_never_share_a_page_of_scores(two_suites: Path) -> None:
    """An entry measured on one suite isn't on the page of the same benchmark of another."""
    for suite, own, other in (("paper", "bf16", "gptq"), ("harness", "gptq", "bf16")):
        page = Page(two_suites / f"benchmarks/{suite}/mmlu/index.html")
        links = " ".join(one["href"] for one in page.all("a"))
        assert f"local--tiny-llama/{own}" in links
        assert f"local--tiny-llama/{other}" not in links
    assert (two_suites / "suites/harness/index.html").is_file()


def test_entry_page_marks_what_stands_beside(site: Path) -> None:
    """Every metric but the headline is marked, and the caption says that it counts in no score."""
    page = Page(site / f"entries/{NAME}/index.html")
    assert "beside" in {one.get("class", "") for one in page.all("tr")}
    assert "those in grey stand beside it and count in no score" in page.text


def test_methodology_explains_unparsed_and_effective_bits(site: Path) -> None:
    """The rules that decide what a number means are on the page."""
    text = words(site / "methodology/index.html")
    for part in ("Unparsed", "Beside it", "One column, one metric", "nominal bits"):
        assert part in text


def judged(entry: str, recipe: examples.Recipe, model: str) -> UnitResult:
    """Return a result of FollowBench that a model behind a URL has judged."""
    benchmark = load_suite("paper").benchmark("followbench-endpoint")
    made = examples.benchmark_result(entry, recipe, benchmark, "paper")
    judge = JudgeUsed(mode="endpoint", model=model, host="judge.example:443", judged=470)
    record = made.provenance.model_copy(update={"judge": judge})
    return made.model_copy(update={"provenance": record})


def test_judges_never_share_a_column(tmp_path: Path) -> None:
    """Two judge models make two tables, each under its judge's name, and no difference between them."""
    root = tmp_path / "submissions"
    for recipe, model in ((RECIPES[0], "judge-a"), (RECIPES[4], "judge-b")):
        folder = examples.write_submission(root, examples.submission(recipe))
        examples.write_result(folder, judged("/".join(folder.parts[-2:]), recipe, model))
    build(root, tmp_path / "_site", root=ROOT)
    page = Page(tmp_path / "_site/benchmarks/paper/followbench-endpoint/index.html")
    assert page.text.count("Judge: ") == 2
    for judge in ("judge-a", "judge-b"):
        assert f"Judge: {judge}, at judge.example:443." in page.text
    assert "judges differ in model: judge-b and judge-a" in page.text


def test_tables_of_scores_hold_the_best_200(tree: Path) -> None:
    """Of more entries the best are shown, and the table knows how many there are."""
    one = load.read(tree).entries[0]
    data = load.Data(tuple(replace(one, name=f"{one.name}-{place:03}") for place in range(205)))
    suite = data.suite("mini")
    benchmark = suite.benchmark("mmlu")
    order = describe.metric_order(benchmark)
    (table,) = scores.tables(data, suite, benchmark, scores.index(data.entries), order)
    assert (len(table.lines), table.total) == (200, 205)
    assert table.groups["entries"].sum() == 205
    assert table.lines[0].entry.name.endswith("-000")


def test_spread_is_that_of_the_headlines(tree: Path) -> None:
    """Each method and width has its quartiles, most bits first; the unquantized base is marked."""
    data = load.read(tree)
    suite = data.suite("mini")
    benchmark = suite.benchmark("mmlu")
    order = describe.metric_order(benchmark)
    (table,) = scores.tables(data, suite, benchmark, scores.index(data.entries), order)
    groups = table.groups.set_index("group")
    assert list(table.groups["bits"]) == sorted(table.groups["bits"], reverse=True)
    four = [
        line.figures[0].value
        for line in table.lines
        if line.figures[0] and line.entry.variant == "gptq-4bit-g128"
    ]
    assert len(four) == 2
    assert groups.loc["GPTQ, 4 bits", "median"] == pytest.approx(sum(four) / 2)
    assert groups.loc["GPTQ, 4 bits", "lowest"] == min(four)
    assert table.chart is not None
    assert "Median of unquantized, 16 bits, " in table.chart.summary


def test_one_score_is_no_distribution(tmp_path: Path) -> None:
    """A single entry is drawn by no chart, and too few are no correlation."""
    add_entry(tmp_path / "submissions", RECIPES[0])
    files: dict[str, bytes] = {}
    pages = Pages(environment(ROOT / "templates"), files.__setitem__)
    benchmarks.make(pages, contents(load.read(tmp_path / "submissions")))
    (tmp_path / "mmlu.html").write_bytes(files["benchmarks/mini/mmlu/index.html"])
    page = Page(tmp_path / "mmlu.html")
    assert not page.all("figure")
    assert scored(page) == 1
    assert "Not enough measured yet: needs at least 8 entries of 3 or 4 bits" in page.text


def test_perplexity_predicts_no_perplexity(site: Path) -> None:
    """A text's page says nothing of how perplexity predicts it; a score's page does."""
    for name, expected in (("wikitext2", False), ("mmlu", True)):
        page = Page(site / f"benchmarks/mini/{name}/index.html")
        assert ("How strongly perplexity predicts it" in page.text) == expected
