"""Check submissions: list every problem of every entry at once, each with what to change.

The same code runs on the submitter's machine, on the pull request, and before the site is built. Nothing
that a submitter wrote is run or believed: files are judged by an allow-list of names, sizes and plain values.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from pydantic import ValidationError

from evaluator.entries import (
    RESULTS,
    SUBMISSION,
    YamlError,
    address,
    line_of,
    load_yaml,
    subfolders,
)
from evaluator.ledger import (
    CHANGED,
    LEDGER,
    NEVER_VERIFIED,
    LedgerLine,
    file_digest,
    is_result_name,
    ledger_lines,
)
from evaluator.policy import (
    Fault,
    name_problems,
    named_by,
    reported,
    same_loading,
    submission_faults,
    without_faults,
)
from evaluator.problems import Problem, error, explained, in_order, shown, warning
from evaluator.result_checks import result_problems
from evaluator.results import Submission

ROOT_FILES = ("README.md", "schema.json", LEDGER)
BYTES = {".json": 2 * 1024**2, ".parquet": 16 * 1024**2}
PARTIAL = ".partial"


@dataclass(frozen=True)
class Selection:
    """A submissions folder, and which path inside is to be checked; `.` means all of it."""

    root: Path
    inside: PurePosixPath

    def covers(self, relative: PurePosixPath) -> bool:
        """Say whether a path inside the root is asked for: it holds, or lies within, the selected one."""
        return relative.is_relative_to(self.inside) or self.inside.is_relative_to(relative)


def check(paths: Iterable[Path], *, root: Path) -> list[Problem]:
    """Return every problem of the entries at or below the paths, sorted by path; without paths, of all.

    A path may be a submissions folder, a family's folder, an entry's folder, or a file in an entry. An entry
    outside of `root` is checked as a member of the tree it stands in.
    """
    problems: list[Problem] = []
    chosen: defaultdict[Path, list[Selection]] = defaultdict(list)
    for path in list(paths) or [root]:
        selection = _selection(path, root)
        if isinstance(selection, Problem):
            problems.append(selection)
        else:
            chosen[selection.root].append(selection)
    for folder, selections in chosen.items():
        problems += _tree_problems(folder, selections)
    return in_order(problems)


def _selection(path: Path, root: Path) -> Selection | Problem:
    """Return where a path stands; the root stays as given, so that messages name paths as people type."""
    if not path.exists():
        return error(path, "there is no such file or folder; correct the path")
    absolute, base = Path(os.path.abspath(path)), Path(os.path.abspath(root))  # noqa: PTH100  links stay
    if absolute.is_relative_to(base):
        return Selection(root, PurePosixPath(absolute.relative_to(base).as_posix()))
    for folder in (absolute, *absolute.parents):
        if (folder / SUBMISSION).is_file():
            tree = folder.parent.parent
            return Selection(tree, PurePosixPath(absolute.relative_to(tree).as_posix()))
    if path.is_dir() and any(path.glob(f"*/*/{SUBMISSION}")):
        return Selection(path, PurePosixPath("."))
    return error(path, f"isn't an entry and lies outside of {root}; give an entry's folder")


def _tree_problems(root: Path, selections: list[Selection]) -> Iterator[Problem]:
    if not root.is_dir():
        yield error(root, "isn't a folder; give the folder that holds the submissions")
        return
    readable: dict[Path, Submission] = {}
    checked: list[Path] = []
    for child in sorted(root.iterdir()):
        if _covered(selections, root, child):
            yield from _child_problems(child, ROOT_FILES)
    for family in subfolders(root):
        for child in sorted(family.iterdir()) if _covered(selections, root, family) else []:
            if _covered(selections, root, child):
                yield from _child_problems(child, ())
        for folder in subfolders(family):
            submission, problems = _submission(folder)
            if submission is not None:
                readable[folder] = submission
            if _covered(selections, root, folder):
                checked.append(folder)
                yield from problems
                yield from _entry_problems(folder, submission)
    yield from _duplicates(readable, checked)
    yield from _ledger_problems(root, selections, readable)


def _covered(selections: list[Selection], root: Path, path: Path) -> bool:
    relative = PurePosixPath(path.relative_to(root).as_posix())
    return any(selection.covers(relative) for selection in selections)


def _child_problems(child: Path, files: Iterable[str]) -> Iterator[Problem]:
    """Check what stands beside families or entries: plain folders, and files of the given names."""
    if child.is_symlink():
        yield error(child, "is a link; replace it with the file or folder itself")
    elif child.name.endswith(PARTIAL):
        yield _half_written(child)
    elif child.is_dir():
        if child.name.startswith("."):
            yield error(child, "is a hidden folder, which submissions/ doesn't hold; remove it")
    elif child.name not in files:
        yield _stray(child)


def _half_written(file: Path) -> Problem:
    return warning(file, "is a half-written file of an interrupted run, and is ignored; remove it")


def _stray(file: Path) -> Problem:
    return error(
        file,
        f"doesn't belong here; remove it (an entry holds {SUBMISSION} and results/**/*.json and .parquet)",
    )


def _submission(folder: Path) -> tuple[Submission | None, list[Problem]]:
    """Read an entry's submission; return it, or None, with its problems."""
    file = folder / SUBMISSION
    if file.is_symlink():
        return None, []
    if not file.is_file():
        return None, [error(folder, f"has no {SUBMISSION}; add it, or remove the folder")]
    try:
        data, node = load_yaml(file)
    except YamlError as fault:
        return None, [error(file, str(fault), fault.line)]
    try:
        submission = Submission.model_validate(data)
    except ValidationError as fault:
        return None, _form_problems(file, data, node, fault)
    return submission, _judged(file, node, submission_faults(submission))


def _judged(file: Path, node: yaml.Node, faults: Iterable[Fault]) -> list[Problem]:
    return [Problem(how, str(file), text, line_of(node, where)) for how, where, text in faults]


def _form_problems(
    file: Path, data: dict[str, Any], node: yaml.Node, fault: ValidationError
) -> list[Problem]:
    """Return the faults of form, and those of content that the readable fields show already."""
    explanations = explained(fault, Submission)
    problems = [error(file, text, line_of(node, where)) for where, text in explanations]
    places = [where for where, _ in explanations]
    rest = without_faults(data, places)
    if rest is None:
        return problems
    faults = [one for one in submission_faults(rest) if not reported(one[1], places)]
    problems += _judged(file, node, faults)
    return problems + ([] if named_by(places) else name_problems(file.parent, rest))


def _entry_problems(folder: Path, submission: Submission | None) -> Iterator[Problem]:
    if submission is not None:
        yield from name_problems(folder, submission)
    files: list[Path] = []
    for file in _files(folder):
        problem = _file_problem(folder, file)
        if problem is not None:
            yield problem
        elif file.name != SUBMISSION:
            files.append(file)
    yield from result_problems(folder, files, submission)


def _files(folder: Path) -> Iterator[Path]:
    """Give every file and every link below a folder, sorted; links aren't followed."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in sorted(files + links):
            yield Path(place) / name


def _file_problem(folder: Path, file: Path) -> Problem | None:
    relative = file.relative_to(folder)
    if file.is_symlink():
        return error(file, "is a link; replace it with the file itself")
    if file.name.endswith(PARTIAL):
        return _half_written(file)
    result = relative.parts[0] == RESULTS and address(Path(*relative.parts[1:])) is not None
    if not file.is_file() or not (result or relative.parts == (SUBMISSION,)):
        return _stray(file)
    limit, size = BYTES.get(file.suffix), file.stat().st_size
    if limit is not None and size > limit:
        return error(file, f"has {size:,} bytes, more than the {limit:,} allowed; make it smaller")
    return None


def _duplicates(readable: dict[Path, Submission], checked: list[Path]) -> Iterator[Problem]:
    same: defaultdict[tuple[object, ...], list[Path]] = defaultdict(list)
    lower: defaultdict[str, list[Path]] = defaultdict(list)
    for folder, submission in readable.items():
        same[same_loading(submission)].append(folder)
        lower[f"{folder.parent.name}/{folder.name}".lower()].append(folder)
    for folder in checked:
        if folder not in readable:
            continue
        others = [one for one in same[same_loading(readable[folder])] if one != folder]
        if others:
            name = f"{others[0].parent.name}/{others[0].name}"
            sentence = (
                f"is the same checkpoint, loaded the same way, as {name}; keep one of the two"
            )
            yield error(folder, sentence)
        if len(lower[f"{folder.parent.name}/{folder.name}".lower()]) > 1:
            yield error(folder, "differs from another entry only in upper and lower case; keep one")


def _ledger_problems(
    root: Path, selections: list[Selection], readable: dict[Path, Submission]
) -> Iterator[Problem]:
    file, seen = root / LEDGER, set()
    if file.is_symlink():
        return
    for line in ledger_lines(root):
        if line.path is None:
            yield error(
                file, "the line isn't `<sha256>  <path>`; restore the ledger from main", line.number
            )
            continue
        if line.path in seen or not is_result_name(line.path):
            sentence = (
                f"{shown(line.path)} isn't a result, or stands twice; restore the ledger from main"
            )
            yield error(file, sentence, line.number)
        elif any(one.covers(PurePosixPath(line.path)) for one in selections):
            yield from _verified_problems(root, line, readable)
        seen.add(line.path)


def _verified_problems(
    root: Path, line: LedgerLine, readable: dict[Path, Submission]
) -> Iterator[Problem]:
    """Check that a line's file is there as it was verified, and was measured."""
    name = line.path or ""
    target, file = root / name, root / LEDGER
    submission = readable.get(root.joinpath(*PurePosixPath(name).parts[:2]))
    if submission is not None and submission.source == "reported":
        yield error(file, f"{shown(name)} {NEVER_VERIFIED}; restore the ledger", line.number)
    elif target.is_symlink() or not target.is_file():
        yield error(file, f"verified result {shown(name)} is gone; restore it", line.number)
    elif file_digest(target) != line.digest:
        yield error(target, CHANGED)
