"""Build what tests of several folders only read."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def strangers_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a site in which every text of a stranger tries something."""
    from sitegen.build import build  # most tests need no generator, which takes seconds to import

    from tests.sitegen import hostile

    folder = tmp_path_factory.mktemp("hostile")
    build(hostile.write_tree(folder / "submissions"), folder / "_site", root=ROOT)
    return folder / "_site"
