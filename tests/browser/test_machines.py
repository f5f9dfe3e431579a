"""What stands in a page for machines: a browser takes it as data, and its policy has nothing against it."""

import json
from pathlib import Path
from typing import Any


def test_description_is_data_and_breaks_no_policy(browser: Any, site: Path) -> None:
    """The block of JSON-LD is read as data; no violation of the policy is reported."""
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.add_init_script(
        "window.broken = []; document.addEventListener('securitypolicyviolation', "
        "(one) => window.broken.push(one.violatedDirective))"
    )
    page.goto((site / "index.html").as_uri())
    text = page.locator('script[type="application/ld+json"]').text_content()
    assert json.loads(text)["@type"] == "Dataset"
    assert page.evaluate("window.broken") == []
    assert said == []
    page.close()


def test_badges_and_cards_are_pictures(browser: Any, site: Path) -> None:
    """A browser draws a badge and a card as large as they say."""
    page = browser.new_page()
    for path, size in (
        ("badges/local--tiny-llama/gptq-4bit-g128/retention.svg", (207, 20)),
        ("entries/local--tiny-llama/gptq-4bit-g128/card.png", (800, 420)),
    ):
        page.goto((site / path).as_uri())
        found = page.evaluate(
            "() => { const one = document.querySelector('img') || document.documentElement;"
            "const box = one.getBoundingClientRect();"
            "return [one.naturalWidth || box.width, one.naturalHeight || box.height]; }"
        )
        assert tuple(found) == size, path
    page.close()
