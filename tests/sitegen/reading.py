"""Read pages in tests: every tag with its attributes, and the text that a reader sees."""

from html.parser import HTMLParser
from pathlib import Path

Tag = tuple[str, dict[str, str]]


class Page(HTMLParser):
    """One page's tags, visible text, and the cells of its tables by row."""

    def __init__(self, path: Path) -> None:
        """Read a file."""
        super().__init__()
        self.tags: list[Tag] = []
        self.text = ""
        self.rows: list[list[str]] = []
        self._in_cell = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        """Leave a cell."""
        self._in_cell = self._in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text += data
        if self._in_cell:
            self.rows[-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


def contents(site: Path) -> dict[str, bytes]:
    """Return every file of a site by its path."""
    files = (file for file in site.rglob("*") if file.is_file())
    return {file.relative_to(site).as_posix(): file.read_bytes() for file in files}
