"""Building: shared among processes, with what was made before, and never half."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from sitegen import kept, load, store
from sitegen.build import Timings, build, cache_folder
from sitegen.entries import slim
from sitegen.store import Store

from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.reading import contents


def kept_files(output: Path) -> dict[str, int]:
    """Return what is kept beside a site, and when it was written."""
    files = cache_folder(output).glob("*/*")
    return {file.name: file.stat().st_ino for file in files}


@pytest.fixture(scope="module")
def two_families(paired_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return submissions of two families, one with all items and one with none."""
    root = tmp_path_factory.mktemp("families") / "submissions"
    shutil.copytree(paired_tree, root)
    for recipe in examples.RECIPES[:3]:
        examples.add_entry(root, recipe)
    return root


@pytest.fixture(scope="module")
def fresh(two_families: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site of the two families, built where nothing was before."""
    output = tmp_path_factory.mktemp("fresh") / "_site"
    build(two_families, output, root=ROOT)
    return output


def test_processes_give_the_same_site(two_families: Path, fresh: Path, tmp_path: Path) -> None:
    """Two processes make the bytes that one makes."""
    build(two_families, tmp_path / "_site", root=ROOT, jobs=2)
    assert contents(tmp_path / "_site") == contents(fresh)


def test_second_build_takes_what_is_kept(two_families: Path, fresh: Path, tmp_path: Path) -> None:
    """What was made of the same content isn't made again, and the site is the same."""
    shutil.copytree(cache_folder(fresh), tmp_path / "_site.cache")
    before = kept_files(tmp_path / "_site")
    assert {Path(name).suffix for name in before} == {".js", ".json", ".npy", ".zip"}
    shutil.copytree(two_families, tmp_path / "submissions")
    for items in (tmp_path / "submissions/simulated--model").rglob("*.parquet"):
        os.utime(items, (0, 0))  # dates of files are nothing that a site depends on
    build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    assert contents(tmp_path / "_site") == contents(fresh)
    assert kept_files(tmp_path / "_site") == before


def test_changed_entry_makes_its_family_again(
    two_families: Path, fresh: Path, tmp_path: Path
) -> None:
    """After a change the site is that of a fresh build; the other family is taken as it was."""
    shutil.copytree(two_families, tmp_path / "submissions")
    shutil.copytree(cache_folder(fresh), tmp_path / "_site.cache")
    notes = tmp_path / "submissions/simulated--model/bnb-int8/submission.yaml"
    notes.write_text(notes.read_text().replace("at random", "by chance"))
    before = kept_files(tmp_path / "_site")
    build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    build(tmp_path / "submissions", tmp_path / "other" / "_site", root=ROOT)
    assert contents(tmp_path / "_site") == contents(tmp_path / "other/_site")
    assert contents(tmp_path / "_site") != contents(fresh)
    made = kept_files(tmp_path / "_site").keys() - before.keys()
    assert sorted(Path(name).suffix for name in made) == [".json", ".npy", ".zip"]


def test_deleted_cache_changes_nothing(two_families: Path, fresh: Path, tmp_path: Path) -> None:
    """The folder may go at any time, even in part."""
    shutil.copytree(cache_folder(fresh), tmp_path / "_site.cache")
    for file in (tmp_path / "_site.cache").glob("*/*.npy"):
        file.unlink()
    build(two_families, tmp_path / "_site", root=ROOT)
    assert contents(tmp_path / "_site") == contents(fresh)


def test_unused_is_removed(two_families: Path, fresh: Path, tmp_path: Path) -> None:
    """What no build has used for a while goes at the end of the next one."""
    shutil.copytree(cache_folder(fresh), tmp_path / "_site.cache")
    left = tmp_path / "_site.cache" / "00" / "left.files.zip"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"")
    os.utime(left, (0, 0))
    build(two_families, tmp_path / "_site", root=ROOT)
    assert not left.exists()
    assert kept_files(tmp_path / "_site").keys() == kept_files(fresh).keys()


def test_interrupted_build_goes_on(
    two_families: Path, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that stops leaves no site and no scratch, but what it has computed."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("sitegen.build.contents", stop)
        build(two_families, tmp_path / "_site", root=ROOT)
    assert [one.name for one in tmp_path.iterdir()] == ["_site.cache"]
    assert len(kept_files(tmp_path / "_site")) == 4
    build(two_families, tmp_path / "_site", root=ROOT)
    assert contents(tmp_path / "_site") == contents(fresh)


def test_build_says_what_it_took(two_families: Path, tmp_path: Path) -> None:
    """Reading, statistics and rendering are timed apart, and reported as they end."""
    lines: list[str] = []
    took = build(two_families, tmp_path / "_site", root=ROOT, report=lines.append)
    assert isinstance(took, Timings)
    assert (took.families, took.entries) == (2, 6)
    assert min(took.load, took.statistics, took.rendering) > 0
    assert [line.partition(":")[0] for line in lines] == ["load", "statistics", "rendering"]
    files = set(contents(tmp_path / "_site"))
    assert set(took.paths) == {path for path in files if not path.startswith("assets/")} | {
        path for path in took.paths if path.startswith("assets/")
    }


def test_statistics_are_read_as_they_were_written(paired_tree: Path) -> None:
    """Bytes and back lose nothing."""
    data = load.read(paired_tree)
    found = data.statistics(data.entries[0])
    again = kept.read(*kept.written(found))
    assert again.compared == found.compared
    assert again.drawn.keys() == found.drawn.keys()
    for label, one in found.drawn.items():
        assert again.drawn[label].scores == one.scores
        assert np.array_equal(again.drawn[label].drawn, one.drawn)


def test_slim_entry_keeps_its_metrics(paired_tree: Path) -> None:
    """Pages of many entries have every metric and its interval, but neither parts nor provenance."""
    whole = load.read(paired_tree).entries[0]
    small = slim(whole)
    suite = load.read(paired_tree).suite("paper")
    own = small.results(suite)
    assert own.keys() == whole.results(suite).keys()
    assert all(own[name].metrics == one.metrics for name, one in whole.results(suite).items())
    assert all(not one.groups and not one.provenance.datasets for one in own.values())
    assert (small.digest, small.context_length) == (whole.digest, whole.context_length)


def test_key_holds_program_and_parts(tmp_path: Path) -> None:
    """Another program, or texts cut elsewhere, have another key."""
    one, other = Store(tmp_path, "a"), Store(tmp_path, "b")
    keys = {one.key("ab", "c"), one.key("a", "bc"), other.key("ab", "c"), one.key("abc")}
    assert len(keys) == 4
    assert one.get(one.key("a"), "json") is None
    one.put(one.key("a"), "json", b"content")
    assert one.get(one.key("a"), "json") == b"content"


def test_code_digest_follows_the_files(tmp_path: Path) -> None:
    """A changed template or module makes everything anew; other files don't."""
    (tmp_path / "one.html").write_text("a")
    first = store.code_digest(tmp_path)
    store.code_digest.cache_clear()
    (tmp_path / "notes.txt").write_text("a")
    assert store.code_digest(tmp_path) == first
    store.code_digest.cache_clear()
    (tmp_path / "one.html").write_text("b")
    assert store.code_digest(tmp_path) != first
    store.code_digest.cache_clear()
