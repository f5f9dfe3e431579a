"""What is kept beside a site: never believed where it was damaged, or made from something else."""

import platform
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from sitegen import entries, store
from sitegen.build import build, cache_folder
from sitegen.entries import read_family
from sitegen.store import Store
from sitegen.work import Setup

from evaluator.entries import Entry, read_entry
from evaluator.errors import ResultError
from evaluator.submissions import attest
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.reading import contents

FAMILY = "local--tiny-llama"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the submissions of a small family, their site, and what was kept of it."""
    folder = tmp_path_factory.mktemp("built")
    for recipe in examples.RECIPES[:3]:
        examples.add_entry(folder / "submissions", recipe)
    build(folder / "submissions", folder / "_site", root=ROOT)
    return folder


@pytest.fixture
def again(built: Path, tmp_path: Path) -> Path:
    """Return a copy of that folder."""
    return shutil.copytree(built, tmp_path / "again")


def assert_as_fresh(folder: Path) -> None:
    """Build once more with what is kept, and where nothing is kept: both sites must be the same."""
    build(folder / "submissions", folder / "_site", root=ROOT)
    build(folder / "submissions", folder / "fresh" / "_site", root=ROOT)
    assert contents(folder / "_site") == contents(folder / "fresh/_site")


def test_a_result_verified_meanwhile_is_shown_so(again: Path) -> None:
    """The ledger says who measured a result, and no file of its entry changes with it."""
    before = contents(again / "_site")
    (probe, *_) = (again / "submissions").rglob("efficiency/*/*.json")
    attest(again / "submissions", [probe])
    assert_as_fresh(again)
    assert contents(again / "_site") != before


def test_a_renamed_entry_has_statistics_of_its_own(paired_tree: Path, tmp_path: Path) -> None:
    """The files of an entry are the same under another name, which its figures are kept by."""
    shutil.copytree(paired_tree, tmp_path / "submissions")
    build(tmp_path / "submissions", tmp_path / "_site", root=ROOT)
    variant = tmp_path / "submissions/simulated--model/gptq-2bit-g128"
    variant.rename(variant.with_name("gptq-2bit-g128-other"))
    assert_as_fresh(tmp_path)


# Damage -------------------------------------------------------------------------------------------

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda kept: kept[: len(kept) // 2],
    "emptied": lambda kept: b"",
    "altered": lambda kept: kept[:-9] + bytes([kept[-9] ^ 1]) + kept[-8:],
    "of another file": lambda kept: kept[:40] + b"[]",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_made_again(damage: str, again: Path) -> None:
    """A file that isn't as it was written counts as missing."""
    files = [one for one in cache_folder(again / "_site").glob("*/*") if one.is_file()]
    assert len(files) == 4
    for file in files:
        file.write_bytes(DAMAGES[damage](file.read_bytes()))
    before = contents(again / "_site")
    build(again / "submissions", again / "_site", root=ROOT)
    assert contents(again / "_site") == before
    assert all(len(one.read_bytes()) > 40 for one in files)


@pytest.mark.parametrize("path", ["/etc/x.html", "../x.html", "entries/../../x.html"])
def test_no_path_leads_out_of_the_site(path: str, tmp_path: Path) -> None:
    """What is kept names the files that it is unpacked to; a name of elsewhere is refused."""
    made = tmp_path / "made" / "site"
    setup = Setup(tmp_path, {}, ROOT / "templates", Store(tmp_path / "kept", ""), made)
    with pytest.raises(ResultError, match=r"isn't inside the site; delete"):
        setup.write(path, b"x")
    assert not list(tmp_path.rglob("x.html"))


# The program --------------------------------------------------------------------------------------


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Return a folder with a program of one file of each kind that matters."""
    for suffix in sorted(store.WANTED):
        (tmp_path / f"one{suffix}").write_text("a")
    return tmp_path


def digest(folder: Path) -> str:
    """Return the digest of a program as another process would find it."""
    store.code_digest.cache_clear()
    return store.code_digest(folder)


@pytest.mark.parametrize("suffix", [".py", ".html", ".yaml", ".csv", ".json", ".svg"])
def test_every_file_of_the_program_counts(suffix: str, code: Path) -> None:
    """Languages, examples and templates are data of the program as much as its code."""
    before = digest(code)
    (code / f"one{suffix}").write_text("b")
    assert digest(code) != before


@pytest.mark.parametrize("name", ["pillow", "pydantic", "markupsafe", "pyyaml", "altair", "numpy"])
def test_another_version_makes_everything_again(
    name: str, code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So do other versions of what draws, escapes, reads and writes."""
    before = digest(code)
    monkeypatch.setattr("sitegen.store.version", lambda one: "0" if one == name else version(one))
    assert digest(code) != before


def test_another_python_makes_everything_again(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And another Python, whose floats may be written otherwise."""
    before = digest(code)
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    assert digest(code) != before


# Changes while a site is built --------------------------------------------------------------------


def _edited(family: Path) -> None:
    file = family / "bnb-nf4" / "submission.yaml"
    file.write_text(file.read_text() + "notes: changed\n")


def _without_an_entry(family: Path) -> None:
    shutil.rmtree(family / "bnb-nf4")


CHANGES = [_edited, _without_an_entry, shutil.rmtree]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("part", ["load", "statistics"])
def test_what_changes_meanwhile_stops_the_build(
    part: str, change: Callable[[Path], None], again: Path
) -> None:
    """A family is read more than once; what differs then is an error, never half of each."""
    before = contents(again / "_site")
    shutil.rmtree(cache_folder(again / "_site"))

    def meanwhile(line: str) -> None:
        if line.startswith(f"{part}:"):
            change(again / "submissions" / FAMILY)

    with pytest.raises(ResultError, match="changed while the site was built; build again"):
        build(again / "submissions", again / "_site", root=ROOT, report=meanwhile)
    assert contents(again / "_site") == before


def test_a_digest_is_of_what_stood_there_first(
    again: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry that changes while it is read has another digest when it is read again."""
    family = again / "submissions" / FAMILY
    before = [one.digest for one in read_family(family, {})]

    def late(folder: Path) -> Entry:
        if folder.name == "bnb-nf4":
            _edited(family)
        return read_entry(folder)

    with monkeypatch.context() as patched:
        patched.setattr(entries, "read_entry", late)
        assert [one.digest for one in read_family(family, {})] == before
    assert [one.digest for one in read_family(family, {})] != before
