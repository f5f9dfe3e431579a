"""With the repository's address pages link the files that their numbers come from."""

from pathlib import Path

import pytest
from sitegen.build import build
from sitegen.machines.addresses import Published

from evaluator.errors import InputError
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.reading import Page

REPOSITORY = "https://example.org/group/board"


def links(page: Path) -> set[str]:
    """Return the addresses that a page links."""
    return {tag["href"] for tag in Page(page).all("a") if "href" in tag}


def test_files_are_linked(tmp_path: Path) -> None:
    """The footer, the instructions and an entry's files lead into the repository."""
    folder = examples.add_entry(tmp_path / "submissions", examples.RECIPES[0])
    site = tmp_path / "_site"
    build(tmp_path / "submissions", site, root=ROOT, published=Published(None, REPOSITORY))
    assert f"{REPOSITORY}/" in links(site / "index.html")
    assert f"{REPOSITORY}/blob/HEAD/submissions/schema.json" in links(
        site / "submit" / "index.html"
    )
    own = links(site / "entries" / "local--tiny-llama" / "bf16" / "index.html")
    results = sorted(path for path in folder.rglob("*.json"))
    assert results
    for path in results:
        held = path.relative_to(tmp_path).as_posix()
        assert f"{REPOSITORY}/blob/HEAD/{held}".replace("@", "%40") in own


def test_a_bad_address_is_one_sentence(tmp_path: Path) -> None:
    """What can't be the repository's address is refused before anything is written."""
    (tmp_path / "submissions").mkdir()
    with pytest.raises(InputError, match="can't be the repository's address"):
        build(
            tmp_path / "submissions", tmp_path / "_site", published=Published(None, "javascript:x")
        )
    assert not (tmp_path / "_site").exists()
