"""The board as readers meet it: sorting, filters, search, columns, weights, and all of it in the address."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.browser.reader import address, counted, entries, loaded, opened, sort


def test_results_are_above_the_fold(browser: Any, site: Path) -> None:
    """The first rows are seen without scrolling, on a phone too."""
    for width, height in ((1440, 900), (390, 844)):
        with opened(browser, viewport={"width": width, "height": height}) as page:
            page.goto(address(site))
            box = page.locator("table.board tbody tr").nth(2).bounding_box()
            assert box["y"] + box["height"] < height


def test_data_is_loaded_on_the_first_interaction(browser: Any, site: Path) -> None:
    """Only a reader who asks for something, or an address with a state, loads the rows' script."""
    with opened(browser) as page:
        page.goto(address(site))
        page.wait_for_timeout(100)
        assert page.evaluate("window.quantboardRows") is None
        page.focus("input[name=q]")
        loaded(page)
        page.goto(address(site) + "?method=gptq")
        loaded(page)


def test_sorting_goes_the_metrics_way_first(browser: Any, site: Path) -> None:
    """Speed sorts fastest first, then slowest first; rows without a value stay last."""
    with opened(browser) as page:
        page.goto(address(site))
        sort(page, "speed0")
        assert page.get_attribute("th[data-key=speed0]", "aria-sort") == "descending"
        assert entries(page)[0] == "awq-4bit-g128"
        assert entries(page)[-1] == "gptq-3bit-g128-again"
        sort(page, "speed0")
        assert page.get_attribute("th[data-key=speed0]", "aria-sort") == "ascending"
        assert entries(page)[0] == "bnb-int8"
        assert entries(page)[-1] == "gptq-3bit-g128-again"
        assert page.locator("th[aria-sort]").count() == 1
        assert page.inner_text("#told") == "Sorted by Speed, lowest first"


def test_bias_sorts_by_its_distance_from_0(browser: Any, site: Path) -> None:
    """What is best near 0 begins with what is nearest."""
    with opened(browser) as page:
        page.goto(address(site) + "?show=benchmarks")
        sort(page, "bbq")
        assert entries(page)[0] == "gptq-2bit-g128"


@pytest.mark.parametrize("width", [390, 1440])
def test_board_works_by_keyboard_alone(browser: Any, site: Path, width: int) -> None:
    """Heads, filters, pins and the tray take the focus and answer Enter and Space."""
    with opened(browser, viewport={"width": width, "height": 844}) as page:
        page.goto(address(site))
        if width == 390:
            page.focus("#more")
            page.keyboard.press("Enter")
            assert page.get_attribute("#more", "aria-expanded") == "true"
        page.focus("select[name=method]")
        page.keyboard.type("GPTQ")
        counted(page, "6 of 10 entries")
        page.focus("th[data-key=disk] button")
        page.keyboard.press("Enter")
        page.wait_for_selector("th[aria-sort]")
        assert entries(page)[0] == "gptq-2bit-g128"
        page.keyboard.press("Tab")
        page.locator("table.board .pin").first.focus()
        page.keyboard.press("Space")
        page.focus(".tray a")
        page.keyboard.press("Enter")
        assert page.locator("table.compare").is_visible()
        page.locator(".tray li button").focus()
        page.keyboard.press("Enter")
        assert not page.locator(".tray").is_visible()


def test_filters_narrow_the_rows(browser: Any, site: Path) -> None:
    """Method, bits, size and hardware each narrow the rows, and the count is told; a reset ends it."""
    with opened(browser) as page:
        page.goto(address(site))
        page.select_option("select[name=method]", "gptq")
        counted(page, "6 of 10 entries")
        page.fill("input[name=disk]", "4.3")
        counted(page, "4 of 10 entries")
        page.select_option("select[name=hardware]", "nvidia-a100-80gb")
        page.select_option("select[name=bits]", "4")
        counted(page, "2 of 10 entries")
        assert page.get_attribute("#shown", "aria-live") == "polite"
        page.click("button[type=reset]")
        counted(page, "10 of 10 entries")
        assert "?" not in page.url


def test_filters_that_find_nothing_can_be_seen(browser: Any, site: Path) -> None:
    """Options that the other filters leave nothing of are greyed out, others aren't."""
    with opened(browser) as page:
        page.goto(address(site))
        page.select_option("select[name=method]", "gptq")
        counted(page, "6 of 10 entries")
        states = "list => list.map(one => [one.value, one.disabled])"
        assert dict(page.eval_on_selector_all("select[name=bits] option", states)) == {
            "": False,
            "2": False,
            "3": False,
            "4": False,
            "8": False,
            "16": True,
        }
        methods = dict(page.eval_on_selector_all("select[name=method] option", states))
        assert not any(methods.values())


SEARCHES = {
    "no-base": 1,
    "method:awq": 1,
    "method:awq;method:nf4": 2,
    "method:gptq bits:4": 2,
    "bits:<4": 3,
    "score:>58 disk:<5": 3,
    "score:>58% disk:<5GB": 3,
    "disk:<5000MB disk:<0.005tb score:>58": 3,
    "disk:<5%": 0,
    "score:>high": 0,
    "speed:>=66.3": 3,
    "family:tiny variant:int8": 1,
    'model:"quantizer/tiny-llama" 8bit': 1,
    "status:failed": 1,
    "status:ranked source:self": 8,
    "licence:apache hardware:a100": 9,
    "cuda out of memory": 1,
    "foo:bar": 0,
    "disk:<": 10,
    " ; ": 10,
}


def test_search_knows_words_fields_and_columns(browser: Any, site: Path) -> None:
    """Words and `field:value` all have to fit, a semicolon stands between alternatives, columns compare."""
    with opened(browser) as page:
        page.goto(address(site))
        for query, count in SEARCHES.items():
            page.fill("input[name=q]", query)
            counted(page, f"{count} of 10 entries")
            assert len(entries(page)) == count, query


def random_state(chance: random.Random) -> dict[str, Any]:
    """Return some of everything that a reader can set."""
    return {
        "q": chance.choice(["", "gptq", "method:awq;bits:<5", "tiny & model", "score:>50"]),
        "method": chance.choice(["", "gptq", "llm.int8"]),
        "bits": chance.choice(["", "4"]),
        "hardware": chance.choice(["", "nvidia-a100-80gb"]),
        "disk": chance.choice(["", "9.5"]),
        "sort": [chance.choice(["score", "entry", "speed0", "bbq", "date"])] * chance.randint(0, 2),
        "toggles": chance.sample(["quality", "size", "hardware0", "benchmarks"], 2),
        "pins": sorted(chance.sample(range(3), chance.randint(0, 3))),
        "weights": {"mmlu": chance.choice(["1", "2.5"]), "bbq": chance.choice(["1", "0"])},
    }


SET = """state => {
  const form = document.getElementById("filters");
  const tell = (one, name) => one.dispatchEvent(new Event(name, { bubbles: true }));
  document.querySelectorAll(".pin").forEach((one, place) => {
    if (state.pins.includes(place)) { one.checked = true; tell(one, "change"); }
  });
  for (const name of ["q", "method", "bits", "hardware", "disk"]) {
    form.elements[name].value = state[name];
    tell(form.elements[name], "input");
  }
  state.sort.forEach(key => document.querySelector(`th[data-key=${key}] button`).click());
  state.toggles.forEach(name => document.querySelector(".show-" + name).click());
  for (const name of Object.keys(state.weights)) {
    const input = document.getElementsByName("weight." + name)[0];
    input.value = state.weights[name];
    tell(input, "input");
  }
}"""
SEEN = """() => [
  document.getElementById("board").innerText, document.getElementById("shown").textContent,
  Array.from(document.querySelectorAll("#filters input, #filters select, #weights input")).map(
    one => one.type === "checkbox" ? one.checked : one.value),
  Array.from(document.querySelectorAll(".pin")).map(one => one.checked),
  document.querySelector(".compare") && document.querySelector(".compare").innerText,
  document.querySelector(".tray") && document.querySelector(".tray").innerText
]"""


def test_state_survives_its_address(browser: Any, site: Path) -> None:
    """Whatever is set, opening the address again shows the same, and the address stays the same."""
    chance = random.Random(6)
    with opened(browser) as page:
        for _ in range(15):
            page.goto(address(site))
            page.focus("input[name=q]")
            loaded(page)
            page.evaluate(SET, random_state(chance))
            page.wait_for_timeout(60)
            before, link = page.evaluate(SEEN), page.url
            page.goto("about:blank")
            page.goto(link)
            if "?" in link:
                loaded(page)
            page.wait_for_timeout(60)
            assert page.evaluate(SEEN)[1:] == before[1:] or "?" not in link, link
            assert page.evaluate(SEEN)[0] == before[0], link
            assert page.url == link


def test_address_is_short_and_forgiving(browser: Any, site: Path) -> None:
    """Names stay readable; values that nothing has are dropped."""
    with opened(browser) as page:
        page.goto(address(site))
        page.locator(".pin").nth(1).check()
        page.wait_for_selector(".tray")
        assert page.url.endswith("?pin=local--tiny-llama/bnb-int8")
        page.goto(address(site) + "?method=foo&sort=foo&pin=a/b,local--tiny-llama/bf16&page=99")
        counted(page, "10 of 10 entries")
        assert page.url.endswith("?pin=local--tiny-llama/bf16")


def test_benchmarks_are_shown_on_demand(browser: Any, site: Path) -> None:
    """The benchmarks' columns come with their box, without any script."""
    with opened(browser, java_script_enabled=False) as page:
        page.goto(address(site))
        assert not page.locator("th[data-key=mmlu]").is_visible()
        page.check("input.show-benchmarks")
        assert page.locator("th[data-key=mmlu]").is_visible()


@pytest.mark.parametrize("width", [390, 1440])
def test_board_is_whole_without_scripts(browser: Any, site: Path, width: int) -> None:
    """Without JavaScript every row, reason and chart is there, and no dead control is."""
    settings = {"viewport": {"width": width, "height": 844}, "java_script_enabled": False}
    with opened(browser, **settings) as page:
        page.goto(address(site))
        assert len(entries(page)) == 10
        assert page.locator("figure .drawing svg").count() == 3
        assert page.get_by_text("CUDA out of memory").is_visible()
        assert page.locator("button:visible, select:visible, .pin:visible").count() == 0


def test_columns_are_as_wide_as_their_cells(browser: Any, site: Path) -> None:
    """The widths that the columns get without a look at their cells suffice for every cell."""
    wide = """() => Array.from(document.querySelectorAll(".board td, .board thead th")).filter(
        one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"""
    with opened(browser, viewport={"width": 390, "height": 844}) as page:
        page.goto(address(site) + "?show=benchmarks")
        loaded(page)
        page.wait_for_timeout(50)
        assert page.evaluate(wide) == []


def only_bias(page: Any) -> None:
    """Give BBQ alone a weight, by keyboard."""
    page.locator("#weights summary").focus()
    page.keyboard.press("Enter")
    for one in page.locator("#weights input").all():
        one.focus()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("2" if one.get_attribute("name") == "weight.bbq" else "0")


def first_row(page: Any) -> str:
    """Return what the first row says."""
    return str(page.locator("table.board tbody tr").first.inner_text())


def test_weights_change_score_and_order(browser: Any, site: Path) -> None:
    """Bias alone puts the least biased first, without interval and rank; equal weights undo it."""
    with opened(browser) as page:
        page.goto(address(site))
        before = first_row(page)
        only_bias(page)
        page.wait_for_selector("table.reweighed")
        assert entries(page)[0] == "gptq-2bit-g128"
        data = "window.quantboardRows"
        share = page.evaluate(f"{data}.shares[7][{data}.weighed.indexOf('bbq')]")
        score = page.locator("table.board tbody tr td").nth(1).inner_text()
        assert float(score) == round(share, 1)
        assert "tie" not in first_row(page)
        assert "hidden" in page.inner_text("#weighed")
        link = page.url
        page.goto("about:blank")
        page.goto(link)
        page.wait_for_selector("table.reweighed")
        assert entries(page)[0] == "gptq-2bit-g128"
        assert page.input_value("input[name='weight.bbq']") == "2"
        page.click("#equal")
        assert page.inner_text("#weighed") == ""
        assert first_row(page) == before
        assert "weight" not in page.url


def test_no_weight_at_all_is_no_score(browser: Any, site: Path) -> None:
    """Weights of 0 leave the scores empty and say what to do; resetting the filters brings them back."""
    with opened(browser) as page:
        page.goto(address(site))
        page.click("#weights summary")
        for one in page.locator("#weights input").all():
            one.fill("0")
        page.wait_for_selector("table.reweighed")
        assert page.locator("table.board tbody tr td:nth-child(3)").first.inner_text() == "\u2013"
        assert "above 0" in page.inner_text("#weighed")
        page.click("button[type=reset]")
        page.wait_for_selector("table:not(.reweighed)")
        assert "59.3" in page.locator("table.board tbody tr td:nth-child(3)").first.inner_text()
        assert page.inner_text("#weighed") == ""


def test_formula_stands_without_scripts(browser: Any, site: Path) -> None:
    """Without JavaScript the formula and the ties are there, and no field that would do nothing."""
    with opened(browser, java_script_enabled=False) as page:
        page.goto(address(site))
        page.click("#weights summary")
        assert page.get_by_text("sum of weight").is_visible()
        assert page.locator("#weights input:visible").count() == 0
        assert "tie 1" in first_row(page)
