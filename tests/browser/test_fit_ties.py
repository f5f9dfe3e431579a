"""What fits, in a browser: tie groups whose best doesn't fit, far contexts, and a suite that isn't there."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.reader import opened
from tests.browser.test_fit import ANSWER, ask, best, written
from tests.sitegen import examples


@pytest.fixture(scope="module")
def shaped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a site of families of real shapes."""
    folder = tmp_path_factory.mktemp("shaped")
    examples.shaped_tree(folder / "submissions")
    return written(folder)


def ties(page: Any) -> str:
    """Return what is said of the tie group."""
    return str(page.inner_text(".part:visible .ties"))


def test_less_is_advised_only_beside_the_groups_best(browser: Any, shaped: Path) -> None:
    """Where the group's best fits, the one that needs least is named; else it says what was compared."""
    with opened(browser) as page:
        ask(page, shaped)
        assert ties(page).startswith("In one tie group with 2 others that fit")
        assert "needs least" not in ties(page)
        ask(page, shaped, "?memory=200")
        assert ties(page).startswith("Tied with")
        assert "needs least" in ties(page)


def test_narrowing_words_do_not_make_a_leader(browser: Any, shaped: Path) -> None:
    """The group's best stays the board's, also where the words leave it out."""
    with opened(browser) as page:
        ask(page, shaped, "?memory=200&q=huge-70b%204bit")
        assert "huge-70B" in best(page)
        assert ties(page).startswith(
            "In one tie group with 1 other that fits: neither is told from"
        )


def test_far_contexts_name_the_probes_tokens(browser: Any, shaped: Path) -> None:
    """At a context of more than eight probes each row says at how many tokens its overhead was measured."""
    with opened(browser) as page:
        ask(page, shaped)
        assert "overhead measured at 128 tokens" in page.inner_text("#fits tbody tr:first-child")
        page.fill("input[name=context]", "1024")
        assert "overhead" not in page.inner_text("#fits tbody")


@pytest.mark.parametrize("suite", ["nothing", "", "paper"])
def test_unknown_suite_is_ignored(browser: Any, shaped: Path, suite: str) -> None:
    """A suite that the page hasn't leaves its own in place."""
    with opened(browser) as page:
        ask(page, shaped, f"?suite={suite}")
        assert best(page) == ANSWER
        assert "suite=" not in page.url
