"""The new site takes the old one's place, which stays until the new one stands."""

import os
import shutil
from pathlib import Path

import pytest
from sitegen.build import LEFT, build

from evaluator.errors import InputError, QuantboardError
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.reading import contents


@pytest.fixture
def built(site: Path, tmp_path: Path) -> Path:
    """Return a built site, with the submissions of another beside it."""
    examples.add_entry(tmp_path / "submissions", examples.RECIPES[0])
    return shutil.copytree(site, tmp_path / "_site")


def hidden(folder: Path) -> list[str]:
    """Return what a build has left beside a site."""
    return sorted(one.name for one in folder.iterdir() if one.name.startswith("."))


@pytest.mark.parametrize("fault", [OSError(16, "Device or resource busy"), KeyboardInterrupt()])
def test_the_old_site_stays_where_the_new_one_fails(
    fault: BaseException, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the finished folder can't be put in its place, or it is interrupted, the old one is back."""
    before, rename = contents(built), Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name == "site":
            raise fault
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    wanted = InputError if isinstance(fault, OSError) else KeyboardInterrupt
    with pytest.raises(wanted) as stopped:
        build(built.parent / "submissions", built, root=ROOT)
    assert contents(built) == before
    assert hidden(built.parent) == []
    if isinstance(fault, OSError):
        assert "can't be replaced (Device or resource busy)" in str(stopped.value)


def test_a_site_that_a_killed_build_moved_away_comes_back(built: Path) -> None:
    """The next build restores it first, even if it then finds that it can't build."""
    before = contents(built)
    built.rename(built.with_name("._site.replaced"))
    (next((built.parent / "submissions").rglob("*.json"))).write_text("{")
    with pytest.raises(QuantboardError, match="run the unit again"):
        build(built.parent / "submissions", built, root=ROOT)
    assert contents(built) == before


def test_what_killed_builds_left_goes_once_it_is_old(built: Path) -> None:
    """A folder of a build that may still be at work stays, and so does what only looks like one."""
    names = ("._site.building-old", "._site.building-new", "._site.notes", "._site.replaced")
    for name in names:
        (built.parent / name).mkdir()
        (built.parent / name / "file").write_text("x")
        age = 0 if name.endswith("new") else LEFT + 60
        moment = (built.parent / "submissions").stat().st_mtime - age
        os.utime(built.parent / name, (moment, moment))
    build(built.parent / "submissions", built, root=ROOT)
    assert hidden(built.parent) == ["._site.building-new", "._site.notes"]
