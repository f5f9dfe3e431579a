"""Entries are found and read strictly, and who measured them is never believed from their files."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evaluator.errors import InputError, ResultError
from evaluator.ledger import file_digest
from evaluator.results import canonical_json
from evaluator.submissions import (
    Entry,
    attest,
    check,
    find_entries,
    read_ledger,
    schema_text,
    source_of,
    write_schema,
)
from tests.evaluator.submission_trees import (
    GPTQ,
    assert_one_clear_sentence,
    baseline,
    errors,
    submission,
    unit_result,
    write_entry,
    write_result,
    write_text,
)

SUBMISSIONS = Path(__file__).parents[2] / "submissions"


def test_entries_are_sorted_and_whole(tmp_path: Path) -> None:
    """Every entry comes with its names, its submission and its results, in the order of names."""
    write_result(write_entry(tmp_path, submission()))
    write_entry(tmp_path, baseline(), "bf16")
    (tmp_path / "README.md").write_text("not an entry")
    found = find_entries(tmp_path)
    assert [entry.name for entry in found] == ["org--model/bf16", f"org--model/{GPTQ}"]
    assert (found[1].family, found[1].variant) == ("org--model", GPTQ)
    assert found[1].submission.quantization.bits == 4
    assert [stored.result.benchmark for stored in found[1].results] == ["mmlu"]


def test_an_empty_tree_has_no_entries(tmp_path: Path) -> None:
    """Nothing submitted yet is a good state."""
    assert find_entries(tmp_path) == []


def test_a_missing_tree_is_an_input_error(tmp_path: Path) -> None:
    """A mistyped folder isn't an empty board."""
    with pytest.raises(InputError, match="there is no folder"):
        find_entries(tmp_path / "nowhere")


def test_strict_reading_stops_at_a_bad_submission(tmp_path: Path) -> None:
    """The site never builds from a submission that can't be read."""
    write_entry(tmp_path, submission(revision="abc"))
    with pytest.raises(InputError, match=r"submission\.yaml: revision is 'abc'"):
        find_entries(tmp_path)


def test_strict_reading_stops_at_a_cut_result(tmp_path: Path) -> None:
    """A half-written file is never read as a result."""
    folder = write_entry(tmp_path, submission())
    write_text(folder, "mini@1/mmlu.json", canonical_json(unit_result(folder))[:200])
    with pytest.raises(ResultError, match="can't be read as JSON"):
        find_entries(tmp_path)


def only_entry(root: Path) -> Entry:
    """Return a tree's one entry."""
    (entry,) = find_entries(root)
    return entry


def source(root: Path) -> str:
    """Return the source of the first result of a tree's one entry."""
    entry = only_entry(root)
    return source_of(entry, entry.results[0], read_ledger(root))


def test_a_result_is_self_reported_until_attested(tmp_path: Path) -> None:
    """Only the ledger makes a result verified."""
    file = write_result(write_entry(tmp_path, submission()))
    assert source(tmp_path) == "self-reported"
    assert attest(tmp_path, [file]) == [f"org--model/{GPTQ}/results/mini@1/mmlu.json"]
    assert source(tmp_path) == "verified"
    assert check([], root=tmp_path) == []


def test_reported_figures_stay_reported(tmp_path: Path) -> None:
    """What a paper says is never attested, and isn't verified even where the ledger names the file."""
    data = submission(source="reported", citation="Jin et al. 2024")
    file = write_result(write_entry(tmp_path, data))
    with pytest.raises(InputError, match="holds figures of a publication"):
        attest(tmp_path, [file])
    name = file.relative_to(tmp_path).as_posix()
    (tmp_path / "verified.sha256").write_text(f"{file_digest(file)}  {name}\n")
    assert source(tmp_path) == "reported"


def test_a_verified_result_that_was_changed_is_refused(tmp_path: Path) -> None:
    """One changed byte after verification is an error for the check, the site and a second attest."""
    file = write_result(write_entry(tmp_path, submission()))
    attest(tmp_path, [file])
    file.write_text(file.read_text().replace('"value": 0.5', '"value": 0.9'))
    assert_one_clear_sentence(errors(tmp_path), "mmlu.json", "changed after it was verified")
    with pytest.raises(ResultError, match="changed after it was verified"):
        source(tmp_path)
    with pytest.raises(ResultError, match="changed after it was verified"):
        attest(tmp_path, [file])


def test_a_verified_result_that_is_gone_is_refused(tmp_path: Path) -> None:
    """A verified result can't be removed unseen."""
    file = write_result(write_entry(tmp_path, submission()))
    attest(tmp_path, [file])
    file.unlink()
    assert_one_clear_sentence(errors(tmp_path), "verified.sha256:1", "is gone; restore it")


@pytest.mark.parametrize(
    "line",
    ["nonsense", f"{'0' * 64}  ../outside.json", f"{'0' * 64}  org--model/{GPTQ}/submission.yaml"],
)
def test_a_strange_ledger_line_is_refused(tmp_path: Path, line: str) -> None:
    """The ledger names results inside the tree and nothing else."""
    write_entry(tmp_path, submission())
    (tmp_path / "verified.sha256").write_text(line + "\n")
    assert_one_clear_sentence(errors(tmp_path), "verified.sha256:1", "restore the ledger")


def test_the_ledger_is_sorted_and_grows(tmp_path: Path) -> None:
    """Attesting an entry's folder adds its results to those already there, sorted by path."""
    second = write_result(write_entry(tmp_path, submission()))
    first = write_result(write_entry(tmp_path, baseline(), "bf16"))
    attest(tmp_path, [second])
    assert len(attest(tmp_path, [first.parents[2]])) == 1
    assert attest(tmp_path, [tmp_path]) == []
    names = [
        line.split("  ")[1] for line in (tmp_path / "verified.sha256").read_text().splitlines()
    ]
    assert names == [f"org--model/{one}/results/mini@1/mmlu.json" for one in ("bf16", GPTQ)]


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum isn't installed")
def test_sha256sum_reads_the_ledger(tmp_path: Path) -> None:
    """Anyone can check the ledger without this program."""
    attest(tmp_path, [write_result(write_entry(tmp_path, submission()))])
    command = ["sha256sum", "--check", "--strict", "verified.sha256"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_attest_refuses_what_is_no_result(tmp_path: Path) -> None:
    """A submission, or a file elsewhere, can't be verified."""
    folder = write_entry(tmp_path / "tree", submission())
    with pytest.raises(InputError, match="isn't a result"):
        attest(tmp_path / "tree", [folder / "submission.yaml"])
    elsewhere = write_result(write_entry(tmp_path / "other", submission()))
    with pytest.raises(InputError, match="lies outside"):
        attest(tmp_path / "tree", [elsewhere])
    assert not (tmp_path / "tree" / "verified.sha256").exists()


def test_the_schema_on_disk_is_the_contracts() -> None:
    """`submissions/schema.json` is what the code generates; `quantboard schema` writes it anew."""
    assert (SUBMISSIONS / "schema.json").read_text(encoding="utf-8") == schema_text()


def test_write_schema_writes_the_schema(tmp_path: Path) -> None:
    """The file that the command writes is the generated one."""
    write_schema(tmp_path / "schema.json")
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_readmes_example_passes_the_check(tmp_path: Path) -> None:
    """The example submission, in the folder that the README names, has no problem."""
    text = (SUBMISSIONS / "README.md").read_text(encoding="utf-8")
    example = re.search(
        r"`submissions/([^/`]+)/([^/`]+)/submission\.yaml`:\n\n```yaml\n(.*?)```", text, re.DOTALL
    )
    assert example
    write_entry(tmp_path, example[3], example[2], example[1])
    assert check([], root=tmp_path) == []


def test_committed_submissions_have_no_error() -> None:
    """Every submission in the repository passes its own check."""
    assert [problem.format() for problem in errors(SUBMISSIONS)] == []


@pytest.mark.parametrize("module", ["evaluator.results", "evaluator.submissions", "evaluator.hub"])
def test_importing_the_contract_loads_nothing_heavy(module: str) -> None:
    """Checking a submission needs neither torch nor transformers nor pandas."""
    heavy = ("torch", "transformers", "pandas", "pyarrow", "numpy", "huggingface_hub")
    code = f"import sys, {module}; print([name for name in {heavy} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
