"""Results that are as long, as large or as odd as `check` lets them be, and those that it doesn't."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sitegen.build import build
from sitegen.machines import feed, metadata
from sitegen.machines.addresses import Published
from sitegen.machines.changes import Change

from evaluator.checks import check
from evaluator.errors import ResultError
from evaluator.problems import Problem
from evaluator.result_checks import LARGEST
from evaluator.results import Metric, UnitResult
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.reading import Page

MARKUP = "<b>&now</b>"


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """Return the folder of an entry whose results are to be changed."""
    return examples.add_entry(tmp_path / "submissions", examples.RECIPES[0])


def change(folder: Path, name: str, **changes: object) -> UnitResult:
    """Write a result of suite mini again with some fields changed."""
    file = folder / "results" / "mini@1" / f"{name}.json"
    found = UnitResult.model_validate_json(file.read_text())
    made = found.model_copy(update=changes)
    examples.write_result(folder, made)
    return made


def refusals(folder: Path) -> list[Problem]:
    """Return what `check` has against the entry's results."""
    found = check([folder / "results"], root=folder.parents[1])
    return [one for one in found if one.severity == "error" and one.path.endswith(".json")]


def built(folder: Path) -> Path:
    """Build the site of the entry's tree."""
    root = folder.parents[2]
    build(
        root / "submissions",
        root / "_site",
        root=ROOT,
        published=Published("https://example.org/board/"),
    )
    return root / "_site"


def test_a_long_reason_stands_whole_only_with_its_entry(entry: Path) -> None:
    """Tables, scripts, lists and table files repeat the beginning of a reason of 10 kB, once a line."""
    reason = "It broke here. " + "long " * 2_000 + "And that is the end."
    for name in ("mmlu", "gsm8k"):
        change(entry, name, status="failed", reason=reason, metrics={}, groups={})
    site = built(entry)
    texts = {
        path: path.read_text()
        for path in site.rglob("*.*")
        if path.suffix != ".parquet" and path.suffix != ".png" and path.is_file()
    }
    whole = {path for path, text in texts.items() if reason[-20:] in text}
    own = f"{entry.parent.name}/{entry.name}"
    assert whole
    assert all(own in path.as_posix() for path in whole)
    page = Page(site / "entries" / own / "index.html")
    assert page.text.count(reason) == 2  # one for each benchmark
    assert "It broke here. long" in texts[site / "index.html"]
    assert len(texts[site / "index.html"].split("long ")) < 400


def test_a_time_that_is_none_is_refused(entry: Path) -> None:
    """It would go into a site map, a feed and what search engines read: one sentence says what to write."""
    file = entry / "results" / "mini@1" / "mmlu.json"
    file.write_text(file.read_text().replace(examples.TIMING.finished, MARKUP))
    with pytest.raises(ResultError, match=r"timing\.finished") as refused:
        built(entry)
    assert len(str(refused.value).splitlines()) == 1
    (problem,) = refusals(entry)
    assert "timing.finished is" in problem.message
    assert problem.message.isprintable()


def test_times_are_escaped_all_the_same() -> None:
    """Neither the site map nor the feed relies on what was read."""
    url = "https://example.org/"
    mapped = metadata.sitemap(url, ["index.html"], {"": MARKUP})["sitemap.xml"]
    fed = feed.atom(url, [Change("new", MARKUP, "org--model/bf16")])
    for text in (mapped, fed):
        found = ElementTree.fromstring(text)  # noqa: S314  made by this project
        assert MARKUP in [one.text for one in found.iter()]


def test_the_largest_numbers_are_finite_on_every_page(entry: Path) -> None:
    """Errors and intervals as large as `check` lets them be make a site of valid JSON."""
    for benchmark in ("mmlu", "gsm8k", "snli"):
        file = entry / "results" / "mini@1" / f"{benchmark}.json"
        metrics = UnitResult.model_validate_json(file.read_text()).metrics
        wide = {
            name: Metric(value=one.value, stderr=LARGEST, n=one.n) for name, one in metrics.items()
        }
        wider = {
            name: Metric(value=one.value, ci95=(-LARGEST, LARGEST)) for name, one in metrics.items()
        }
        change(entry, benchmark, metrics=wider if benchmark == "mmlu" else wide)
    assert refusals(entry) == []
    site = built(entry)
    for file in site.rglob("*.json"):
        json.loads(file.read_text(), parse_constant=lambda name: pytest.fail(name))
