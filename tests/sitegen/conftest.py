"""Build one full site for all tests that only read it."""

from pathlib import Path

import pytest
from sitegen.build import build

from tests.simulated.entries import write_entry
from tests.sitegen import examples

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of made-up submissions."""
    return examples.full_tree(tmp_path_factory.mktemp("tree") / "submissions")


@pytest.fixture(scope="session")
def site(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site built from them."""
    output = tmp_path_factory.mktemp("site") / "_site"
    build(tree, output, root=ROOT)
    return output


@pytest.fixture(scope="session")
def paired_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return made-up submissions with all items: a base, a variant that ties with it, one that has lost."""
    root = tmp_path_factory.mktemp("paired") / "submissions"
    family = root / "simulated--model"
    base = write_entry(family / "bf16", 1, 0.7)
    write_entry(family / "bnb-int8", 2, 0.7, base, 0.002)
    write_entry(family / "gptq-2bit-g128", 3, 0.7, base, 0.35)
    return root


@pytest.fixture(scope="session")
def paired_site(paired_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site built from them."""
    output = tmp_path_factory.mktemp("paired-site") / "_site"
    build(paired_tree, output, root=ROOT)
    return output
