"""A family's entries two by two: by what they are smaller, and whether their scores can be told apart."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sitegen import family_sentences, load
from sitegen.board import Row, boards
from sitegen.contents import contents
from sitegen.efficiency import DISK
from sitegen.family_pairs import Pairs, pairs, size_key
from sitegen.family_sentences import Verdict
from sitegen.metrics import Figure
from sitegen.pages import families as families_list
from sitegen.pages import family
from sitegen.pages.writer import Pages
from sitegen.render import environment

from evaluator.results import Metric
from evaluator.suites.definitions import load_suite
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.examples import RECIPES, Recipe, add_entry, probe_result, write_result

FILE = 15e9  # bytes of the base's checkpoint
PLAIN, INT8, NF4, GPTQ, AWQ = (RECIPES[place] for place in (0, 1, 2, 4, 7))


def wide(root: Path, recipe: Recipe) -> Path:
    """Write an entry whose file is the base's, whatever it takes in memory."""
    folder = add_entry(root, recipe, probe=False)
    result = probe_result(f"{folder.parent.name}/{folder.name}", recipe)
    metrics = {**result.metrics, DISK: Metric(value=FILE)}
    write_result(folder, result.model_copy(update={"metrics": metrics}))
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a base, NF4 quantized while loading, and AWQ as it is stored."""
    wide(tmp_path, PLAIN)
    wide(tmp_path, NF4)
    add_entry(tmp_path, AWQ)
    return tmp_path


def rows_of(root: Path) -> dict[str, Row]:
    """Return the rows of the first board by variant."""
    return {row.entry.variant: row for row in boards(load.read(root))[0].rows}


def found(root: Path) -> dict[str, Verdict]:
    """Return the sentences of the family by title."""
    data = load.read(root)
    table = boards(data)[0]
    return {one.title: one for one in family_sentences.verdicts(table.rows, pairs(data, table))}


def noted(verdict: Verdict) -> dict[str, str]:
    """Return what is said of each variant."""
    return {one.entry.variant: one.note for one in verdict.named}


def test_memory_tells_what_a_files_size_does_not(tree: Path) -> None:
    """NF4 with its base's file is smaller in memory; a stored checkpoint is compared by its file."""
    rows = rows_of(tree)
    assert size_key(rows["bnb-nf4"], rows["bf16"]) == "peak0"
    assert size_key(rows["bnb-nf4"], rows["awq-4bit-g128"]) == "peak0"
    assert size_key(rows["awq-4bit-g128"], rows["bf16"]) == "disk"

    smaller = found(tree)["Smaller than bf16 and not shown to be worse"]
    assert "4.65 GB in memory" in noted(smaller)["bnb-nf4"]
    assert "memory" not in noted(smaller)["awq-4bit-g128"]
    assert smaller.meaning.endswith("or where an entry is quantized while loading.")


def test_nothing_is_dominated_for_a_file_that_is_not_loaded(tree: Path) -> None:
    """NF4 is beaten by what takes less memory alone; where memory isn't known, by nothing."""
    rows = list(rows_of(tree).values())
    better = [
        replace(row, figures={**row.figures, "score": Figure(score), "peak0": Figure(peak)})
        for row in rows
        for score, peak in [
            {"bf16": (90.0, 16.0), "bnb-nf4": (50.0, 5.0)}.get(row.entry.variant, (60.0, 5.5))
        ]
    ]
    told = {one.title: one for one in family_sentences.verdicts(better, Pairs("GB"))}
    assert "Dominated" not in told
    less = [
        replace(row, figures={**row.figures, "peak0": Figure(4.0)})
        if row.entry.variant.startswith("awq")
        else row
        for row in better
    ]
    told = {one.title: one for one in family_sentences.verdicts(less, Pairs("GB"))}
    assert noted(told["Dominated"]) == {"bnb-nf4": "by awq-4bit-g128, by peak memory; not tested"}
    bare = [
        replace(row, figures={key: one for key, one in row.figures.items() if key != "peak0"})
        for row in less
    ]
    told = {one.title: one for one in family_sentences.verdicts(bare, Pairs("GB"))}
    assert "Dominated" not in told
    assert "bnb-nf4" not in noted(told["Nothing smaller is better"])


def test_dominated_says_what_the_draws_tell(tree: Path) -> None:
    """Of each pair it is said whether the same items show a difference."""
    rows = rows_of(tree)
    base, other = rows["bf16"], rows["awq-4bit-g128"]
    given = [
        replace(base, figures={"disk": Figure(10.0), "score": Figure(60.0)}),
        replace(other, figures={"disk": Figure(5.0), "score": Figure(61.0)}),
    ]
    draws = np.linspace(-1, 1, 1000, dtype=np.float64)
    for shift, said in ((0.0, "no difference shown"), (3.0, "shown to be worse")):
        known = Pairs("GB", drawn={base.entry.name: draws, other.entry.name: -draws + shift})
        told = {one.title: one for one in family_sentences.verdicts(given, known)}
        assert noted(told["Dominated"])["bf16"] == f"by awq-4bit-g128; {said}"


def test_pairs_are_drawn_from_the_familys_items(paired_tree: Path) -> None:
    """Entries with items can be compared: the lost one differs from its base, the near one doesn't."""
    data = load.read(paired_tree)
    table = boards(data)[0]
    rows, known = {row.entry.variant: row for row in table.rows}, pairs(data, table)
    assert known.apart(rows["bf16"], rows["gptq-2bit-g128"]) is True
    assert known.apart(rows["bf16"], rows["bnb-int8"]) is False


def test_each_variant_is_set_beside_its_own_base(tmp_path: Path) -> None:
    """Of two bases each gets a sentence of its own variants, and the caption names neither."""
    add_entry(tmp_path, PLAIN)
    add_entry(tmp_path, AWQ)
    half = examples.submission(PLAIN).model_copy(update={"dtype": "float16"})
    other = examples.submission(GPTQ).model_copy(update={"dtype": "float16"})
    for given, recipe in ((half, PLAIN), (other, GPTQ)):
        folder = examples.write_submission(tmp_path, given)
        name = f"{folder.parent.name}/{folder.name}"
        for benchmark in load_suite("mini").benchmarks:
            write_result(folder, examples.benchmark_result(name, recipe, benchmark))
        write_result(folder, probe_result(name, recipe))
    titles = found(tmp_path)
    assert list(noted(titles["Smaller than bf16 and not shown to be worse"])) == ["awq-4bit-g128"]
    assert list(noted(titles["Smaller than fp16 and not shown to be worse"])) == ["gptq-4bit-g128"]
    page = family_page(tmp_path)
    assert "Difference of each benchmark from its own base" in page


def family_page(root: Path) -> str:
    """Return the page of the only family."""
    files: dict[str, bytes] = {}
    site = contents(load.read(root))
    (name,) = site.data.families
    family.make(Pages(environment(ROOT / "templates"), files.__setitem__), site, name)
    return files[f"families/{name}/index.html"].decode()


def test_list_takes_the_least_memory_where_files_say_nothing(tmp_path: Path) -> None:
    """Beside entries quantized while loading the smallest near the base is by peak memory, and it says so."""
    for recipe in (PLAIN, INT8, NF4):
        wide(tmp_path, recipe)
    files: dict[str, bytes] = {}
    families_list.make(
        Pages(environment(ROOT / "templates"), files.__setitem__), contents(load.read(tmp_path))
    )
    page = files["families/index.html"].decode()
    assert '<span class="pm">by peak memory</span>' in page
    assert "bnb-int8</a>" in page


def test_forest_draws_every_quality_benchmark(paired_site: Path) -> None:
    """FLORES-200, a corpus score of at most 100, stands in the forest plot beside the shares."""
    script = (paired_site / "families/simulated--model/charts.js").read_text()
    drawn = json.loads(script.partition(" = ")[2].rstrip(";\n"))
    text = json.dumps(drawn["forest-paper"])
    assert "FLORES-200" in text
    assert "MMLU" in text
