"""Make a page for each quantization method, and the list of them."""

from sitegen import words
from sitegen.contents import Contents
from sitegen.pages.writer import Pages
from sitegen.render import method_path


def make(pages: Pages, site: Contents) -> None:
    """Add the pages."""
    listed = []
    for method, text in words.METHOD_TEXTS.items():
        entries = [one for one in site.data.entries if one.submission.quantization.method == method]
        reported = sum(one.paper is not None for one in entries)
        listed.append((method, text, len(entries) - reported, reported))
        parts = [
            {
                "suite": table.suite,
                "columns": [
                    one for one in table.columns if one.group in ("size", "quality", "hardware0")
                ],
                "rows": [row for row in table.rows if row.entry in entries],
                "paper": table.paper,
            }
            for whole in site.boards
            for table in (whole, *whole.papers)
        ]
        pages.render(
            method_path(method),
            "method.html",
            title=words.method_title(method),
            description=text,
            section="Methods",
            method=method,
            text=text,
            parts=[part for part in parts if part["rows"]],
        )
    pages.render(
        "methods/index.html",
        "methods.html",
        title="Methods",
        description="Quantization methods on the board.",
        section="Methods",
        methods=listed,
    )
