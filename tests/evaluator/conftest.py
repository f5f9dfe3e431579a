"""Share what several test modules stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evaluator.judge_server import Serve, serving


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts a judge's server."""
    with serving() as start:
        yield start


@pytest.fixture(scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what is kept in a folder of the module's own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("QUANTBOARD_CACHE", str(folder))
        yield folder
