"""Pinning entries on the board, comparing them, and taking what is shown away as CSV."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.browser.reader import address, counted, opened, sort


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pinned_entries_stand_beside_their_base(
    browser: Any, site: Path, width: int, theme: str
) -> None:
    """The base comes by itself, every column is a row, and the page gets no wider."""
    settings = {"viewport": {"width": width, "height": 844}, "color_scheme": theme}
    with opened(browser, **settings) as page:
        page.goto(address(site))
        page.get_by_label("Compare gptq-4bit-g128 of local/tiny-llama").check()
        page.get_by_label("Compare awq-4bit-g128 of local/tiny-llama").check()
        names = page.locator("table.compare thead a").all_inner_texts()
        assert names == ["bf16", "gptq-4bit-g128", "awq-4bit-g128"]
        assert "2 of 4 pinned" in page.inner_text(".tray")
        titles = page.locator("table.compare tbody th").all_inner_texts()
        for word in ("Retention %", "Disk GB", "MMLU %", "Licence"):
            assert word in titles
        row = page.locator("table.compare tbody tr", has_text="Retention").locator("td")
        assert row.all_inner_texts()[:2] == ["100.0", "97.9 ± 4.3"]
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_comparison_names_command_and_family(browser: Any, site: Path) -> None:
    """Each pinned variant has its command, and the family its link."""
    with opened(browser) as page:
        page.goto(address(site))
        page.locator(".pin").nth(3).check()
        base, variant = "local--tiny-llama/bf16", "local--tiny-llama/awq-4bit-g128"
        told = page.locator("section .command code").all_inner_texts()
        assert told == [f"quantboard compare {base} {variant}"]
        link = page.locator("section:has(table.compare) > p a").get_attribute("href")
        assert link == "families/local--tiny-llama/index.html"


def test_four_at_most_and_a_base_counts_once(browser: Any, site: Path) -> None:
    """A fifth pin is refused and says so; the base that came by itself can be pinned too."""
    with opened(browser) as page:
        page.goto(address(site))
        for place in range(4):
            page.locator(".pin").nth(place).check()
        assert page.locator("table.compare thead a").count() == 4
        page.locator(".pin").nth(4).click()
        assert not page.locator(".pin").nth(4).is_checked()
        assert "unpin one first" in page.inner_text("#told")
        page.get_by_role("button", name="Unpin bf16").click()
        assert page.locator("table.compare thead a").count() == 4
        assert "3 of 4 pinned" in page.inner_text(".tray")
        page.get_by_role("button", name="Unpin all").click()
        assert page.locator(".pin:checked, .tray:visible, table.compare").count() == 0
        assert "pin" not in page.url


def test_pins_outlast_filters(browser: Any, site: Path) -> None:
    """What is pinned stays in the tray when the rows change."""
    with opened(browser) as page:
        page.goto(address(site))
        page.locator(".pin").nth(3).check()
        page.select_option("select[name=method]", "gptq")
        counted(page, "6 of 10 entries")
        assert "awq-4bit-g128" in page.inner_text(".tray")
        page.select_option("select[name=method]", "awq")
        counted(page, "1 of 10 entries")
        assert page.locator(".pin").first.is_checked()


def saved(page: Any) -> list[dict[str, str]]:
    """Return the rows of the CSV file that the page saves."""
    with page.expect_download() as waiting:
        page.click("#csv")
    text = Path(waiting.value.path()).read_bytes().decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_of_all_rows_is_the_sites_own(browser: Any, site: Path) -> None:
    """With every column shown, what is saved is leaderboard.csv, cell for cell."""
    with opened(browser) as page:
        page.goto(address(site) + "?show=benchmarks")
        with (site / "leaderboard.csv").open(newline="") as stream:
            assert saved(page) == list(csv.DictReader(stream))


def test_csv_holds_what_is_shown(browser: Any, site: Path) -> None:
    """Filters, order and columns hold for the file too; own weights add a column of their own."""
    with opened(browser) as page:
        page.goto(address(site))
        page.select_option("select[name=method]", "gptq")
        sort(page, "disk")
        rows = saved(page)
        assert [row["variant"] for row in rows[:2]] == ["gptq-2bit-g128", "gptq-3bit-g128"]
        assert len(rows) == 6
        assert "disk_GB" in rows[0]
        assert "mmlu_percent" not in rows[0]
        page.click("#weights summary")
        page.fill("input[name='weight.mmlu']", "3")
        assert "score_by_own_weights_percent" in saved(page)[0]


def test_hostile_texts_stay_text_in_rows_and_csv(browser: Any, hostile_site: Path) -> None:
    """Licences and reasons with markup and formulas are shown as they are, and harmless in the file."""
    with opened(browser) as page:
        page.goto(address(hostile_site))
        sort(page, "entry")
        page.locator(".pin").nth(0).check()
        assert "<script>" in page.inner_text("table.compare")
        assert page.evaluate("window.hacked") is None
        assert page.locator("main img, main script").count() == 0
        problems = [row["problems"] for row in saved(page)]
        assert any("<img src=x" in one for one in problems)
        assert (
            page.evaluate("window.quantboardCsv.rows.flat().some(one => /^[=+@\\t]/.test(one))")
            is False
        )
