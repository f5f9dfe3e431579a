"""What changed: the page and the feed tell what came, was repeated and was withdrawn, and hold no markup."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sitegen import load, plain
from sitegen.contents import Contents
from sitegen.machines import feed
from sitegen.machines.changes import Change, changes
from sitegen.pages import changes as changes_page
from sitegen.pages.writer import Pages
from sitegen.render import environment

from evaluator.reported.importer import import_reported
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.machine_files import URL, later, made
from tests.sitegen.reading import Page

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tree with a repeated, a withdrawn and a late result, one that failed twice, and a paper."""
    root = tmp_path_factory.mktemp("changes") / "submissions"
    folder = examples.add_entry(root, examples.RECIPES[0])
    later(folder, "mmlu", 2)
    later(folder, "mmlu", 3, "failed", day=22)
    failed = examples.add_entry(root, examples.RECIPES[1], failed={"mmlu": "Out of memory."})
    later(failed, "mmlu", 2, "failed")
    import_reported(Path("jin-2024.csv"), Path("jin-2024.yaml"), root)
    return root


@pytest.fixture(scope="module")
def found(tree: Path) -> list[Change]:
    """Return what changed in it."""
    return changes(load.read(tree).entries)


@pytest.fixture(scope="module")
def page(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Return the page of changes."""
    file = tmp_path_factory.mktemp("page") / "index.html"
    file.write_bytes(made(tree)[1]["changes/index.html"])
    return Page(file)


def test_changes_are_told_newest_first(found: list[Change]) -> None:
    """Each entry's coming, its repeated and its withdrawn results; of a paper one line for all entries."""
    assert [(one.time[:10], one.kind, one.entries) for one in found] == [
        ("2026-11-22", "withdrawn", 1),
        ("2026-11-21", "again", 1),
        ("2026-11-21", "failed", 1),
        ("2026-11-20", "new", 1),
        ("2026-11-20", "new", 1),
        ("2024-02-26", "reported", 30),
    ]


def test_results_of_a_later_day_are_new_results(tmp_path: Path) -> None:
    """What an entry got after its first day isn't a new entry."""
    folder = examples.add_entry(tmp_path, examples.RECIPES[0], probe=False)
    result = examples.probe_result("local--tiny-llama/bf16", examples.RECIPES[0])
    timing = result.timing.model_copy(update={"finished": "2026-12-01T08:00:00Z"})
    examples.write_result(folder, result.model_copy(update={"timing": timing}))
    (newest, first) = changes(load.read(tmp_path).entries)
    assert (newest.kind, newest.summary) == ("results", f"efficiency on {examples.HARDWARE}.")
    assert (first.kind, first.summary) == ("new", "13 benchmarks of mini@1.")


def test_reasons_become_one_plain_line(found: list[Change]) -> None:
    """A reason of ten thousand characters is cut, and no control or direction-changing one is left."""
    summary = found[0].summary
    assert summary.startswith("MMLU of mini@1. <script>")
    assert len(summary) < 500
    assert summary.isprintable()


def test_page_shows_markup_as_text(page: Page) -> None:
    """A hostile reason is text in the page: no script, no image, no handler of its own."""
    assert "window.hacked" in page.text
    assert not page.all("img")
    assert not [one for one in page.all("script") if "src" not in one]
    assert "\u202e" not in page.text


def test_page_links_entries_and_counts(page: Page) -> None:
    """Each change has an address of its own, and leads to its entry."""
    ids = [attributes["id"] for tag, attributes in page.tags if tag == "tr" and "id" in attributes]
    assert len(ids) == len(set(ids)) == 6
    links = [one["href"] for one in page.all("a")]
    assert "../entries/local--tiny-llama/bf16/index.html" in links
    assert "6 changes, all there are" in page.text
    assert "30 entries of a paper" in page.text


def test_feed_is_valid_atom(found: list[Change]) -> None:
    """The feed has id, title, author, date and its own address; each entry an id that is its own."""
    root = ElementTree.fromstring(feed.atom(URL, found))  # noqa: S314
    assert root.findtext("a:id", None, ATOM) == f"{URL}feed.xml"
    assert root.findtext("a:updated", None, ATOM) == "2026-11-22T10:00:00Z"
    assert root.findtext("a:author/a:name", None, ATOM) == "quantboard"
    own = root.find("a:link[@rel='self']", ATOM)
    assert own is not None
    assert own.get("href") == f"{URL}feed.xml"
    entries = root.findall("a:entry", ATOM)
    ids = [one.findtext("a:id", None, ATOM) for one in entries]
    assert len(set(ids)) == len(found)
    for one in entries:
        for part in ("title", "updated", "summary"):
            assert one.findtext(f"a:{part}", None, ATOM)


def test_feed_ids_are_on_the_page(page: Page, found: list[Change]) -> None:
    """Whoever follows a feed's link finds the change on the page."""
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {one.anchor for one in found} <= ids


def test_lists_end(tmp_path: Path) -> None:
    """Of very many changes the page shows 200 and says so, the feed 50."""
    examples.add_entry(tmp_path / "submissions", examples.RECIPES[0], probe=False)
    (entry,) = load.read(tmp_path / "submissions").entries
    many = tuple(replace(entry, name=f"local--tiny-llama/v{number}") for number in range(300))
    files: dict[str, bytes] = {}
    pages = Pages(environment(ROOT / "templates"), files.__setitem__, URL)
    changes_page.make(pages, Contents(load.Data(many), [], URL))
    root = ElementTree.fromstring(files["feed.xml"])  # noqa: S314
    assert len(root.findall("a:entry", ATOM)) == 50
    text = files["changes/index.html"].decode()
    assert text.count("<tr id=") == 200
    assert "The newest 200 of 300 changes" in text


def test_no_changes_give_a_feed_and_a_page(tmp_path: Path) -> None:
    """An empty board has a page that says so, and a feed without entries."""
    _, files = made(tmp_path)
    assert "Nothing has been measured yet" in files["changes/index.html"].decode()
    root = ElementTree.fromstring(files["feed.xml"])  # noqa: S314
    assert root.findtext("a:updated", None, ATOM) == feed.NO_CHANGE
    assert not root.findall("a:entry", ATOM)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb\u200bc\x00\x1bd", "abcd"),
        (" two \n lines\t", "two lines"),
        ("x" * 500, "x" * 399 + "…"),
        ("\ud800\ufffe\uffff", ""),
        ("e\u0301", "é"),
    ],
)
def test_plain_lines(text: str, shown: str) -> None:
    """A plain line has no break, nothing unseen, nothing that XML forbids, and an end."""
    assert plain.line(text) == shown
