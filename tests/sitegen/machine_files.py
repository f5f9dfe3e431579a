"""Make the files for machines of a tree, without the pages that need charts."""

from pathlib import Path

from sitegen import load
from sitegen.contents import Contents, contents
from sitegen.pages import changes, machines
from sitegen.pages.writer import Pages
from sitegen.render import environment

from evaluator.suites.definitions import load_suite
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT

URL = "https://example.org/board/"
REASON = examples.XSS + "\u202e=cmd|'/c calc'!A1 \x00\x0b]]>&<![CDATA[" + "long " * 2000


def made(root: Path, url: str | None = URL) -> tuple[Contents, dict[str, bytes]]:
    """Return what a site knows of a tree, and its files for machines by path."""
    files: dict[str, bytes] = {}
    pages = Pages(environment(ROOT / "templates"), files.__setitem__, url)
    site = contents(load.read(root), url)
    for kind in (changes, machines):
        kind.make(pages, site)
    for family in site.data.families:
        machines.make_family(pages, site, family)
    machines.make_lists(pages, site)
    return site, files


def later(folder: Path, benchmark: str, number: int, status: str = "ok", day: int = 21) -> None:
    """Write a result of suite `mini` that supersedes the one before it, for a hostile reason."""
    suite = load_suite("mini")
    name = f"{folder.parent.name}/{folder.name}"
    failed = "It was wrong." if status == "failed" else None
    result = examples.benchmark_result(
        name, examples.RECIPES[0], suite.benchmark(benchmark), "mini", failed
    )
    before = f"{benchmark}.json" if number == 2 else f"{benchmark}.{number - 1}.json"
    finished = f"2026-11-{day}T10:00:00Z"
    timing = result.timing.model_copy(update={"finished": finished})
    update = {"supersedes": before, "supersedes_reason": REASON, "timing": timing}
    examples.write_result(folder, result.model_copy(update=update), number)
