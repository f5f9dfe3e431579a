"""Share what several test modules stand on."""

from collections.abc import Iterator

import pytest

from tests.evaluator.judge_server import Serve, serving


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts a judge's server."""
    with serving() as start:
        yield start
