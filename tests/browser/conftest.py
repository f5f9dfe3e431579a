"""Start Debian's Chromium once, and build the sites that it looks at."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sitegen.build import build

from tests.browser.reader import FLAGS, chromium
from tests.sitegen import examples

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a running browser; skip where none is installed."""
    path = chromium()
    if path is None:
        pytest.skip("no chromium is installed; apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a full site, opened from disk as a reader would who unpacked it."""
    folder = tmp_path_factory.mktemp("browser")
    build(examples.full_tree(folder / "submissions"), folder / "_site", root=ROOT)
    return folder / "_site"


@pytest.fixture(scope="session")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a site whose first entry has a licence of markup and formulas, besides hostile reasons."""
    folder = tmp_path_factory.mktemp("hostile")
    submissions = examples.full_tree(folder / "submissions")
    file = submissions / "local--tiny-llama" / "awq-4bit-g128" / "submission.yaml"
    given = yaml.safe_load(file.read_text("utf-8"))
    given["license"] = "=cmd|' /C calc'!A0 <script>window.hacked = 1</script>"
    file.write_text(yaml.safe_dump(given), "utf-8")
    build(submissions, folder / "_site", root=ROOT)
    return folder / "_site"
