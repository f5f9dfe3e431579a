"""What readers do in a hurry, in another order, or with other words than were thought of."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.reader import address, counted, entries, loaded, opened, until
from tests.sitegen.large import large_site

TWICE = """key => {
  const button = document.querySelector(`th[data-key=${key}] button`);
  button.click();
  button.click();
}"""
SCORES = """() => Array.from(document.querySelectorAll("#board tbody tr"))
  .map(row => window.quantboardRows.columns.score.values[row.at])"""


def test_two_clicks_before_the_rows_arrive_are_one_order(browser: Any, tmp_path: Path) -> None:
    """Only the last paint draws its rows: as many as a document holds, all in its order."""
    with opened(browser) as page:
        page.goto(address(large_site(450, tmp_path / "site")))
        page.evaluate(TWICE, "score")
        until(page, "() => document.querySelectorAll('#board tbody tr').length === 200")
        page.wait_for_timeout(300)
        scores = page.evaluate(SCORES)
        assert len(scores) == 200
        assert scores == sorted(scores)


def test_what_is_typed_before_the_rows_arrive_stays(browser: Any, site: Path) -> None:
    """A state in the address doesn't erase what a reader has typed and pinned meanwhile."""
    with opened(browser) as page:
        page.goto(address(site) + "?sort=disk")
        page.evaluate("""() => {
          const field = document.querySelector("input[name=q]");
          field.value = "gptq";
          field.dispatchEvent(new Event("input", { bubbles: true }));
          document.querySelector(".pin").click();
        }""")
        counted(page, "6 of 10 entries")
        page.wait_for_selector(".tray:visible")
        assert page.input_value("input[name=q]") == "gptq"
        assert all(part in page.url for part in ("q=gptq", "sort=disk", "pin="))


@pytest.mark.parametrize("query", ["constructor:x", "__proto__:1", "toString:>3"])
def test_words_of_the_language_find_nothing(browser: Any, site: Path, query: str) -> None:
    """A word that scripts know is searched like any other."""
    with opened(browser) as page:
        page.goto(address(site) + f"?q={query}&sort=disk")
        counted(page, "0 of 10 entries")
        assert page.get_attribute("th[data-key=disk]", "aria-sort") == "ascending"


def test_numbers_are_found_as_they_are_shown(browser: Any, site: Path) -> None:
    """A negative number is found by a hyphen, a large one without its comma."""
    with opened(browser) as page:
        page.goto(address(site) + "?show=benchmarks")
        page.focus("input[name=q]")
        loaded(page)
        page.evaluate("window.quantboardRows.columns.bbq.cells[0] = '\u22125.0 \u00b1 1.0'")
        page.evaluate("window.quantboardRows.columns.bbq.cells[1] = '1,234.5'")
        page.fill("input[name=q]", "bbq:-5.0")
        counted(page, "1 of 10 entries")
        page.fill("input[name=q]", "bbq:1234.5")
        counted(page, "1 of 10 entries")


def test_own_weights_hold_in_the_comparison_and_the_csv(browser: Any, site: Path) -> None:
    """Beside each other, too, the score is the reader's and there are no ranks; the CSV leaves these out."""
    with opened(browser) as page:
        page.goto(address(site) + "?pin=local--tiny-llama/gptq-2bit-g128&weights=bbq:2")
        page.wait_for_selector("table.reweighed")
        shown = page.locator("table.board tbody tr", has_text="gptq-2bit-g128")
        score = shown.locator("td").nth(1).inner_text()
        compared = page.locator("table.compare tbody tr")
        assert compared.filter(has_text="Score").locator("td").last.inner_text() == score
        assert compared.filter(has_text="Rank").locator("td").last.inner_text() == "\u2013"
        with page.expect_download() as saved:
            page.click("#csv")
        header = Path(saved.value.path()).read_text("utf-8").splitlines()[0].split(",")
        assert "score_by_own_weights_percent" in header
        assert not {"score_percent", "rank_best", "tie_group", "front_size"} & set(header)


def test_only_an_unquantized_entry_is_called_base(browser: Any, site: Path) -> None:
    """A variant whose base has no row isn't its own base."""
    with opened(browser) as page:
        page.goto(address(site) + "?pin=org--no-base-7B/gptq-4bit-g128")
        page.wait_for_selector("table.compare")
        assert page.locator("table.compare thead .family", has_text="base").all_inner_texts() == [
            "org/no-base-7B"
        ]


def test_back_brings_the_earlier_state(browser: Any, site: Path) -> None:
    """After a jump in the page and further changes, Back shows what the address then says."""
    with opened(browser) as page:
        page.goto(address(site) + "?q=gptq&pin=local--tiny-llama/bf16")
        page.click(".tray a")
        page.fill("input[name=q]", "bnb")
        counted(page, "2 of 10 entries")
        page.go_back()
        counted(page, "6 of 10 entries")
        assert page.input_value("input[name=q]") == "gptq"


def test_hardware_and_sizes_keep_their_meaning_in_addresses(browser: Any, site: Path) -> None:
    """Hardware goes by its name, a size with its unit: both outlast a board that grows."""
    with opened(browser) as page:
        page.goto(address(site))
        name = page.locator("label.toggle", has=page.locator(".show-hardware0")).inner_text()
        page.click("th[data-key=speed0] button")
        page.uncheck(".show-hardware0")
        page.fill("input[name=disk]", "4.3")
        until(page, "() => window.location.search.includes('disk')")
        assert f"sort=speed@{name}" in page.url
        assert f"hide={name}" in page.url
        assert "disk=4.3GB" in page.url
        before = entries(page)
        page.goto("about:blank")
        page.goto(address(site) + f"?sort=speed@{name}&disk=4300MB")
        page.wait_for_selector("th[data-key=speed0][aria-sort=descending]")
        assert page.input_value("input[name=disk]") == "4.3"
        assert entries(page) == before
