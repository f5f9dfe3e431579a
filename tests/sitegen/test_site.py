"""The whole site: what is written, what it links to, what strangers' texts can do in it."""

import csv
import gzip
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pandas as pd
import pytest
from sitegen import downloads
from sitegen.build import build, sources
from sitegen.cli import main
from sitegen.pages.writer import Pages
from sitegen.render import environment

from evaluator.errors import InputError
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.reading import Page

LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "image": "href"}


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder by path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def every_page(site: Path) -> list[Path]:
    """Return every page, sorted."""
    return sorted(site.rglob("*.html"))


def test_two_builds_are_the_same_bytes(site: Path, tree: Path, tmp_path: Path) -> None:
    """The same submissions give the same site."""
    build(tree, tmp_path / "again", root=ROOT)
    assert contents(tmp_path / "again") == contents(site)


def test_expected_pages_exist(site: Path) -> None:
    """Board, entry, benchmark, method, texts and downloads stand where links expect them."""
    for path in (
        "index.html",
        "entries/local--tiny-llama/gptq-4bit-g128/index.html",
        "benchmarks/mini/mmlu/index.html",
        "methods/gptq/index.html",
        "methodology/index.html",
        "submit/index.html",
        "404.html",
        "api/v1/leaderboard.json",
        "leaderboard.csv",
        "assets/vega.js",
    ):
        assert (site / path).is_file(), path


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """No tag that loads something names a host."""
    for path in every_page(site):
        for tag, attributes in Page(path).tags:
            address = attributes.get(LOADING.get(tag, ""), "")
            assert not urlsplit(address).netloc, f"{path}: {tag} {address}"
            assert "style" not in attributes, f"{path}: the policy blocks style attributes"


def test_styles_load_nothing(site: Path) -> None:
    """The style sheet names no address."""
    text = (site / "assets" / "style.css").read_text()
    assert "url(" not in text
    assert "@import" not in text


def test_every_page_has_a_strict_policy(site: Path) -> None:
    """Each page forbids scripts from elsewhere and evaluated text."""
    for path in every_page(site):
        policies = [one["content"] for one in Page(path).all("meta") if "http-equiv" in one]
        assert len(policies) == 1
        assert policies[0].startswith("default-src 'none';")
        assert "unsafe" not in policies[0]


def test_every_internal_link_resolves(site: Path) -> None:
    """Each relative link leads to a file, each fragment to an id; other hosts are linked by https alone."""
    for path in every_page(site):
        page = Page(path)
        ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
        links = [one["href"] for one in page.all("a") + page.all("link")]
        links += [one["src"] for one in page.all("script") if "src" in one]
        for link in links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert parts.scheme == "https", f"{path}: {link}"
            elif parts.path:
                assert (path.parent / unquote(parts.path)).exists(), f"{path}: {link}"
            else:
                assert parts.fragment in ids, f"{path}: {link}"


def test_ids_are_unique(site: Path) -> None:
    """No page has an id twice."""
    for path in every_page(site):
        ids = [attributes["id"] for _, attributes in Page(path).tags if "id" in attributes]
        assert len(ids) == len(set(ids)), path


def test_board_is_a_real_table(site: Path) -> None:
    """The table stands in the page with a caption, scoped heads and every entry."""
    page = Page(site / "index.html")
    scopes = [one.get("scope") for one in page.all("th")]
    assert page.all("caption")
    assert None not in scopes
    assert scopes.count("row") == 10


def test_hostile_texts_stay_text(site: Path) -> None:
    """Notes and reasons with markup are shown, never parsed, and no event handler gets in."""
    seen = 0
    for path in every_page(site):
        page = Page(path)
        seen += "window.hacked" in page.text
        assert "window.hacked" not in str(page.all("script"))
        assert all(one["src"].startswith("../") for one in page.all("img"))
        assert not [name for _, tag in page.tags for name in tag if name.startswith("on")]
    assert seen >= 3


def test_data_scripts_hold_no_markup() -> None:
    """Data inside a script can't close the script."""
    text = downloads.script_json({"name": "</script><!--&\u2028"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": "</script><!--&\u2028"}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    """Texts that a spreadsheet would run get an apostrophe; numbers stay numbers."""
    written = downloads.safe_csv(pd.DataFrame({"a": [text], "b": [-1.5]}))
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert rows[1] == ["'" + text, "-1.5"]


def test_csv_and_json_hold_every_entry(site: Path) -> None:
    """Both downloads have a row per entry, with the same score, interval and unit in the name."""
    with (site / "leaderboard.csv").open(newline="") as stream:
        rows = {row["entry"]: row for row in csv.DictReader(stream)}
    listed = json.loads((site / "api/v1/leaderboard.json").read_text())["suites"][0]["entries"]
    assert len(rows) == len(listed) == 10
    for entry in listed:
        written = rows[entry["entry"]]["score_percent"]
        assert (float(written) if written else None) == entry["score_percent"]
    assert "disk_GB" in listed[0]


def test_numbers_carry_units_and_intervals(site: Path) -> None:
    """The board says percent, GB, tokens/s and bits, and gives intervals."""
    text = Page(site / "index.html").text
    for word in ("%", "GB", "tokens/s", "bits/weight", "±"):
        assert word in text


def test_entry_page_traces_its_numbers(site: Path) -> None:
    """An entry's page names files, command, base, recipe, fingerprints and raw repetitions."""
    page = Page(site / "entries/local--tiny-llama/gptq-4bit-g128/index.html")
    for word in (
        "submissions/local--tiny-llama/gptq-4bit-g128/",
        "results/mini@1/mmlu.json",
        "quantboard run local--tiny-llama/gptq-4bit-g128 --suite mini",
        "gptqmodel 7.6.0",
        "65.637, 66.3, 66.963 tokens/s",
        "21.0, 21.3, 22.0 ms",
        "a1b2c3d4" * 5,
        "fingerprint",
    ):
        assert word in page.text, word


def gzipped(site: Path, *paths: str) -> int:
    """Return how many bytes some files take on their way to a reader."""
    return sum(len(gzip.compress((site / path).read_bytes())) for path in paths)


def test_first_load_is_small(site: Path) -> None:
    """Page, styles and scripts stay under their budgets; rows and charts on demand are no part of them."""
    page = Page(site / "index.html")
    styles = [one["href"] for one in page.all("link") if one["rel"] == "stylesheet"]
    scripts = [one["src"] for one in page.all("script") if "src" in one]
    assert gzipped(site, *styles) < 15_000
    assert gzipped(site, *scripts) < 20_000
    assert not any("board-mini" in one or "vega" in one for one in scripts)
    assert gzipped(site, "index.html") < 30_000
    assert gzipped(site, "assets/vega.js") < 330_000


def test_empty_submissions_give_a_page(tmp_path: Path) -> None:
    """Without entries there is a page that says how to begin, and no broken link."""
    (tmp_path / "submissions").mkdir()
    build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    assert "make demo" in Page(tmp_path / "_site/index.html").text
    test_every_internal_link_resolves(tmp_path / "_site")


def test_one_entry_gives_a_board(tmp_path: Path) -> None:
    """A board of one baseline is whole: ranked first, with charts, in the singular."""
    examples.add_entry(tmp_path / "submissions", examples.RECIPES[0])
    build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    page = Page(tmp_path / "_site/index.html")
    assert "1 entry" in page.text
    assert len(page.all("figure")) == 3
    test_every_internal_link_resolves(tmp_path / "_site")


def test_two_pages_on_one_path_are_refused() -> None:
    """The second page on a path is an error, not a silent loss."""
    made = Pages(environment(ROOT / "templates"), lambda path, content: None)
    made.add("index.html", "one")
    with pytest.raises(InputError, match=r"index\.html"):
        made.add("index.html", "two")


def test_failed_build_leaves_the_old_site(site: Path, tmp_path: Path) -> None:
    """A build that stops on a bad file changes nothing."""
    (tmp_path / "submissions").mkdir()
    build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    before = contents(tmp_path / "_site")
    folder = examples.add_entry(tmp_path / "submissions", examples.RECIPES[0])
    (folder / "results" / "mini@1" / "mmlu.json").write_text("{")
    assert main(
        ["--submissions", str(tmp_path / "submissions"), "--output", str(tmp_path / "_site")]
    )
    assert contents(tmp_path / "_site") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_site", "submissions"]


def test_foreign_folder_is_not_replaced(tree: Path, tmp_path: Path) -> None:
    """An output folder that isn't a site stays, and the error says so."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="isn't a built site"):
        build(tree, tmp_path, root=ROOT)
    assert (tmp_path / "thesis.txt").exists()


def test_missing_templates_are_one_sentence(tmp_path: Path) -> None:
    """A root without templates says where to run."""
    with pytest.raises(InputError, match=r"no templates/ here.*--root"):
        sources(tmp_path)


def test_installed_package_has_its_own_templates(tmp_path: Path) -> None:
    """Laid out as in a wheel, and run from another folder, the generator finds what it needs."""
    shutil.copytree(ROOT / "site" / "sitegen", tmp_path / "lib" / "sitegen")
    shutil.copytree(ROOT / "templates", tmp_path / "lib" / "sitegen" / "_templates")
    shutil.copytree(ROOT / "site" / "assets", tmp_path / "lib" / "sitegen" / "_assets")
    (tmp_path / "submissions").mkdir()
    paths = {"PYTHONPATH": f"{tmp_path / 'lib'}:{ROOT}"}
    command = [sys.executable, "-m", "sitegen"]
    done = subprocess.run(command, cwd=tmp_path, env=paths, check=False)
    assert done.returncode == 0
    assert (tmp_path / "_site" / "assets" / "board.js").is_file()


def test_generator_loads_no_torch() -> None:
    """Importing all of the generator loads neither torch nor transformers."""
    code = (
        "import sys, sitegen.cli, sitegen.build; "
        "sys.exit(bool({'torch', 'transformers', 'lm_eval'} & set(sys.modules)))"
    )
    environment_ = {"PYTHONPATH": f"{ROOT}:{ROOT / 'site'}"}
    done = subprocess.run([sys.executable, "-c", code], env=environment_, check=False)
    assert done.returncode == 0
