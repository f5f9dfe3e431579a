"""Measure how long a board takes from a reader's act to the next paint, in chromium."""

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.verify.report import require
from tests.verify.site_serving import browser, opened, served

TIMES, QUICK_TIMES = 10, 3
MILLISECONDS = 200.0
ROWS = "table.board tbody tr"
MOST_ROWS = 200
SORTED_BY = ("score", "disk", "retention", "perplexity", "alignment")

# Acts, waits for the frame in which the board has changed, and for the moment after it was painted.
MEASURE = """
async ([act, argument]) => {
  const body = document.querySelector("table.board tbody");
  const state = () => [
    document.getElementById("shown").textContent,
    ...Array.from(body.rows, row => row.hidden ? "" : row.cells[0].textContent),
    ...Array.from(document.querySelectorAll("th[aria-sort]"), one => one.dataset.key + one.ariaSort),
  ].join();
  const painted = () => new Promise(done => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = done;
    channel.port2.postMessage(0);
  }));
  const before = state();
  const started = performance.now();
  if (act === "sort") {
    document.querySelector(`th[data-key=${argument}] button`).click();
  } else {
    const form = document.getElementById("filters");
    const input = form.elements[act];
    input.value = argument;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  do { await painted(); } while (state() === before && performance.now() - started < 5000);
  return performance.now() - started;
}
"""


@dataclass(frozen=True)
class Paint:
    """Median milliseconds of sorting and of filtering, so many times each."""

    sorting: float
    filtering: float
    times: int

    @property
    def fast(self) -> bool:
        """Say whether both are fast enough."""
        return max(self.sorting, self.filtering) <= MILLISECONDS

    def __str__(self) -> str:
        """Say both."""
        return f"sorting {self.sorting:.0f} ms, filtering {self.filtering:.0f} ms (median of {self.times})"


def show(site: Path, *, quick: bool) -> Paint:
    """Sort and filter a board ten times each, quickly three, and count the rows in the document after each.

    Raises:
        ShortfallError: the page logs an error, or holds too many rows.
    """
    troubles: list[str] = []
    times = QUICK_TIMES if quick else TIMES
    with served(site) as address, browser() as running, opened(running, troubles) as page:
        page.goto(address)
        page.focus("#filters [name=q]")  # from here on the rows of the whole board are wanted
        page.wait_for_load_state("networkidle")
        sorting = [_took(page, "sort", SORTED_BY[n % len(SORTED_BY)]) for n in range(times)]
        methods = page.evaluate(
            "Array.from(document.getElementById('filters').elements.method.options, one => one.value)"
        )
        filtering = [
            _took(page, "method", methods[1 + n % (len(methods) - 1)]) for n in range(times)
        ]
    require(not troubles, f"while sorting and filtering: {'; '.join(troubles[:3])}")
    return Paint(statistics.median(sorting), statistics.median(filtering), times)


def _took(page: Any, act: str, argument: str) -> float:
    milliseconds = float(page.evaluate(MEASURE, [act, argument]))
    rows = page.locator(f"{ROWS}:visible").count()
    require(rows <= MOST_ROWS, f"{rows} rows stand in the document at a time")
    return milliseconds
