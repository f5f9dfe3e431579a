"""What strangers write: it appears as harmless text in every page and file, or is refused in one sentence."""

import csv
import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from sitegen import load
from sitegen.build import build

from evaluator.checks import check
from evaluator.errors import QuantboardError
from tests.sitegen import examples, hostile
from tests.sitegen.conftest import ROOT
from tests.sitegen.reading import Page

NEVER = {"iframe", "object", "embed", "base", "applet", "style", "frame", "textarea"}
LINKS = ("href", "src", "action", "formaction", "xlink:href", "srcdoc")
EVERYWHERE = ("notes", "license", "tool", "tool_version", "calibration", "reason", "command")


@pytest.fixture(scope="module")
def site(strangers_site: Path) -> Path:
    """Return a site of hostile submissions."""
    return strangers_site


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Return every page of it."""
    return {path: Page(path) for path in sorted(site.rglob("*.html")) if path.is_file()}


def test_no_text_becomes_an_element(pages: dict[Path, Page]) -> None:
    """No page has an element, a handler or a script that this project doesn't write."""
    for path, page in pages.items():
        if (
            path.name == "404.html"
        ):  # its style and script are its own, by hash, and it holds no texts
            assert "hacked" not in path.read_text(encoding="utf-8")
            continue
        assert not NEVER & {tag for tag, _ in page.tags}, path
        for image in page.all("img"):  # an entry's page shows the entry's badge
            assert (path.parent / unquote(image["src"])).is_file(), f"{path}: {image}"
            assert image.keys() <= {"src", "alt", "height", "width"}, f"{path}: {image}"
        for tag, attributes in page.tags:
            assert not [name for name in attributes if name.startswith("on")], f"{path}: {tag}"
            assert "autofocus" not in attributes, f"{path}: {tag}"


def test_no_link_runs_a_script(pages: dict[Path, Page]) -> None:
    """Links lead into the site, or by https to hosts that this project names."""
    hosts = ("https://huggingface.co/", "https://arxiv.org/", "https://github.com/")
    for path, page in pages.items():
        found = [tag[name] for _, tag in page.tags for name in LINKS if name in tag]
        for link in found:
            named = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", link)
            assert not named or link.startswith((*hosts, "https://doi.org/")), f"{path}: {link}"
            assert "hacked" not in link, f"{path}: {link}"


def test_scripts_in_pages_are_the_sites_own(pages: dict[Path, Page], site: Path) -> None:
    """A script comes from a file of the site, or is data for machines that reads as JSON."""
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        text = path.read_text(encoding="utf-8")
        own = [one for one in page.all("script") if "src" not in one]
        assert all(one.get("type") == "application/ld+json" for one in own), path
        for data in re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.S):
            assert json.loads(data), path
        assert len(re.findall("<script", text)) == len(page.all("script")), path
        for script in page.all("script"):
            if "src" in script:
                assert (path.parent / script["src"].partition("?")[0]).resolve().is_file()
                assert site in (path.parent / script["src"]).resolve().parents


@pytest.mark.parametrize("name", hostile.TEXTS)
def test_texts_are_shown_as_they_were_written(name: str, pages: dict[Path, Page]) -> None:
    """An entry's page shows notes, licence, tools, reasons and commands letter by letter."""
    text = hostile.TEXTS[name]
    page = next(page for path, page in pages.items() if path.parent.name.endswith(f"128-{name}"))
    for place in EVERYWHERE:
        assert hostile.said(place, text) in page.text, place


@pytest.mark.parametrize("name", hostile.TEXTS)
def test_a_papers_citation_is_text_on_the_board(name: str, pages: dict[Path, Page]) -> None:
    """The board shows who reports a table letter by letter, beside nothing that was measured."""
    board = min(pages, key=lambda path: len(path.parts))
    assert hostile.said("paper", hostile.TEXTS[name]) in pages[board.parent / "index.html"].text


def test_no_cell_of_a_table_file_is_a_formula(site: Path) -> None:
    """Every CSV file reads back, and no text in it begins as a formula does."""
    files = sorted(site.rglob("*.csv"))
    assert files
    for file in files:
        with file.open(newline="", encoding="utf-8") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row]
        for cell in cells:
            assert not cell.startswith(("=", "@", "\t", "\r", "\n")), f"{file}: {cell[:60]}"
            assert not re.match(r"[+-](?![\d.]+(e[+-]?\d+)?$)", cell), f"{file}: {cell[:60]}"
        assert any("cmd|" in cell for cell in cells)


def test_files_for_machines_can_be_read(site: Path) -> None:
    """JSON is JSON, XML is XML, and both hold the texts as texts."""
    for file in site.rglob("*.json"):
        assert json.loads(file.read_text(encoding="utf-8")) is not None, file
    for file in (*site.rglob("*.xml"), *site.rglob("*.svg")):
        ElementTree.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314  made by this project
    assert any("alert(1)" in one.read_text(encoding="utf-8") for one in site.rglob("*.json"))


def test_data_in_scripts_holds_no_markup(site: Path) -> None:
    """A generated script never holds what would end it, or begin another."""
    made = [one for one in (site / "assets").glob("*.js") if not _written_by_hand(one)]
    assert made
    for script in made:
        text = script.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "</script" not in text


def _written_by_hand(script: Path) -> bool:
    return script.name == "vega.js" or (ROOT / "site" / "assets" / script.name).is_file()


@pytest.mark.parametrize("text", hostile.REFUSED)
@pytest.mark.parametrize("field", hostile.FIELDS)
def test_texts_that_mislead_readers_are_refused(field: str, text: str, tmp_path: Path) -> None:
    """Turned, invisible, controlling or endless texts are refused in one sentence that names the field."""
    given = hostile.submission(hostile.REFUSED[text], (field,))
    folder = examples.write_submission(tmp_path, given)
    errors = [one for one in check([folder], root=tmp_path) if one.severity == "error"]
    assert len(errors) == 1
    assert field in errors[0].message
    assert errors[0].message.isprintable()
    assert len(errors[0].message) < 300


@pytest.mark.parametrize("field", hostile.FIELDS)
def test_texts_of_10_kb_are_refused(field: str, tmp_path: Path) -> None:
    """A text that no page could hold is refused by its field's length, and the message doesn't repeat it."""
    folder = examples.write_submission(tmp_path, hostile.submission("x", (field,)))
    file = folder / "submission.yaml"
    file.write_text(file.read_text().replace(f"x ({field})", "long " * 2_048))
    errors = [one for one in check([folder], root=tmp_path) if one.severity == "error"]
    assert len(errors) == 1
    assert re.search(f"{field}.* at most [0-9]+ characters", errors[0].message)
    assert len(errors[0].message) < 300


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that no submission may lead to."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "results").mkdir(parents=True)
    (folder / "secret").write_text(hostile.SECRET)
    (folder / "submission.yaml").write_text(f"notes: {hostile.SECRET}\n")
    return folder


@pytest.mark.parametrize("trick", hostile.PATHS)
def test_paths_that_lead_elsewhere_are_refused(trick: str, outside: Path, tmp_path: Path) -> None:
    """`check` refuses them in sentences that print."""
    hostile.PATHS[trick](tmp_path, "org/linked", outside)
    errors = [one.message for one in check([], root=tmp_path) if one.severity == "error"]
    assert errors
    assert all(message.isprintable() for message in errors)


@pytest.mark.parametrize("trick", [one for one in hostile.PATHS if one.startswith("items")])
def test_items_elsewhere_stop_the_build(trick: str, outside: Path, tmp_path: Path) -> None:
    """Items have one place; a result that names another is an error, and nothing is written."""
    hostile.PATHS[trick](tmp_path / "submissions", "org/linked", outside)
    with pytest.raises(QuantboardError, match="correct `items`") as refused:
        build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    assert len(str(refused.value).splitlines()) == 1
    assert not (tmp_path / "_site").exists()


def test_a_site_built_all_the_same_holds_nothing_of_them(outside: Path, tmp_path: Path) -> None:
    """What can be read without a check makes a site of harmless names, inside its own folder."""
    root = tmp_path / "submissions"
    readable = 0
    for place, (trick, put) in enumerate(hostile.PATHS.items()):
        base = f"org/linked-{place}"
        if trick.startswith("items"):
            continue
        put(tmp_path / f"tree-{place}", base, outside)
        try:
            load.read(tmp_path / f"tree-{place}")
        except QuantboardError as error:
            assert len(str(error).splitlines()) == 1
        else:
            shutil.copytree(tmp_path / f"tree-{place}", root, symlinks=True, dirs_exist_ok=True)
            readable += 1
    assert readable
    build(root, tmp_path / "_site", root=ROOT)
    inside = (tmp_path / "_site").resolve()
    assert all(inside in path.resolve().parents for path in inside.rglob("*"))
    for path in inside.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert hostile.SECRET not in text
        assert "<img src=x" not in text
        assert "<script>alert" not in text


def test_the_widest_names_have_pages_of_their_own(pages: dict[Path, Page], site: Path) -> None:
    """Names that mean something to scripts or disks are names like others."""
    for model in hostile.IDS:
        path = site / "entries" / model.replace("/", "--") / "bf16" / "index.html"
        assert model in pages[path].text
