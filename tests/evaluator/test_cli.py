"""Test the command line's own doing: exit status, missing extras, what a user reads."""

import subprocess
import sys
from pathlib import Path

import pytest

from evaluator.cli import main
from evaluator.planning import duration


def test_schema_is_written_where_asked(tmp_path: Path) -> None:
    """`quantboard schema` writes the contract's schema and exits 0."""
    status = main(["schema", "--output", str(tmp_path / "schema.json")])

    assert status == 0
    assert (tmp_path / "schema.json").read_text().startswith("{")


def test_missing_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a package of an extra isn't installed, the answer is the install command."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)

    status = main(["run", "org/model"])

    assert status == 2
    assert ".[evaluate]" in capsys.readouterr().err


def test_serve_without_a_site_says_how_to_build_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`quantboard serve` in an empty folder names the command that fills it."""
    status = main(["serve", "--directory", str(tmp_path)])

    assert status == 2
    assert "quantboard build" in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (600, "10 min"), (7200, "2.0 h")])
def test_time_left_is_said_as_people_say_it(seconds: float, words: str) -> None:
    """Seconds, minutes and hours each have their own form."""
    assert duration(seconds) == words


def test_build_and_check_import_nothing_heavy(tmp_path: Path) -> None:
    """A site build and a check load neither torch nor transformers."""
    (tmp_path / "submissions").mkdir()
    program = (
        "import sys; from evaluator.cli import main\n"
        f"main(['check', '--root', {str(tmp_path / 'submissions')!r}])\n"
        f"main(['build', '--submissions', {str(tmp_path / 'submissions')!r},"
        f" '--output', {str(tmp_path / '_site')!r}])\n"
        "sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))\n"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
    assert (tmp_path / "_site" / "index.html").is_file()
