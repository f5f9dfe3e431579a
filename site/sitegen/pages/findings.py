"""Make the page of findings: the paper's claims, tested on the board's own entries."""

from typing import Any

from sitegen.contents import Contents
from sitegen.findings.everything import findings
from sitegen.findings.parts import Finding
from sitegen.pages import drawings
from sitegen.pages.writer import Pages

SPECS = "assets/charts-findings.js"
PAPER = "Jin et al. 2024, A Comprehensive Evaluation of Quantization Strategies for Large Language Models"
PAPER_LINK = "https://arxiv.org/abs/2402.16775"


def make(pages: Pages, site: Contents) -> None:
    """Add the page."""
    found = findings(site.boards)
    figures = [part.figure for one in found for part in one.parts if part.figure]
    pages.render(
        "findings/index.html",
        "findings.html",
        title="Findings",
        description="Claims on quantized language models, tested on the board's own entries.",
        section="Findings",
        findings=found,
        columns=_columns(found),
        charts=drawings.add(pages, SPECS, figures),
        paper=PAPER,
        paper_link=PAPER_LINK,
    )


def _columns(found: list[Finding]) -> list[dict[str, Any]]:
    """Return the parts of the data that every finding was tested on, for the head of the summary."""
    return [{"place": part.place, "paper": part.paper} for part in found[0].parts]
