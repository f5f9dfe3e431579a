"""Read entries: the folders of `submissions/`, each one model variant with its results.

    <root>/<org>--<model>/<variant>/submission.yaml
                                    results/<suite>@<version>/<benchmark>.json (+ .parquet)
                                    results/efficiency/<hardware>/<probe>.json

Reading here is strict: the first file that can't be read raises. `evaluator.checks` lists every problem
instead.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import yaml
from pydantic import ValidationError

from evaluator.errors import InputError, ResultError
from evaluator.files import YAML_LOADER, write_atomically
from evaluator.problems import Location, explained, shown
from evaluator.results import (
    Quantization,
    Submission,
    UnitResult,
    derived_variant,
    family_folder,
    read_result,
)

SUBMISSION = "submission.yaml"
RESULTS = "results"
EFFICIENCY = "efficiency"
YAML_BYTES = 32 * 1024
YAML_DEPTH = 8
_RESULT_FILE = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9_-]*)(?:\.(?P<number>\d+))?\.(json|parquet)$"
)
_SUITE_FOLDER = re.compile(r"^[a-z0-9][a-z0-9_-]*@[1-9][0-9]*$")
_HARDWARE_FOLDER = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
_VARIANT = re.compile(r"^[a-z0-9][a-z0-9._-]*$")


class YamlError(InputError):
    """A YAML file can't be used; `line` says where, counted from 1."""

    def __init__(self, message: str, line: int | None = None) -> None:
        """Keep the sentence and the line."""
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class StoredResult:
    """A unit's result and the file it stands in."""

    path: Path
    result: UnitResult


@dataclass(frozen=True)
class Entry:
    """One model variant on the board: its folder is its identity."""

    folder: Path
    name: str
    family: str
    variant: str
    submission: Submission
    results: tuple[StoredResult, ...]


@dataclass(frozen=True)
class Address:
    """What a result file's path says of it. `group` is `<suite>@<version>`, or the hardware of a probe."""

    kind: str
    group: str
    benchmark: str
    number: int


def address(relative: PurePath) -> Address | None:
    """Return what a path inside an entry's `results/` says, or None where no result can stand there."""
    folders, name = relative.parts[:-1], relative.name
    file = _RESULT_FILE.match(name)
    number = int(file["number"] or 1) if file else 0
    if not file or file["number"] == "1" or number < 1:
        return None
    if len(folders) == 1 and _SUITE_FOLDER.match(folders[0]):
        return Address("benchmark", folders[0], file["name"], number)
    if len(folders) == 2 and folders[0] == EFFICIENCY and _HARDWARE_FOLDER.match(folders[1]):
        return Address(EFFICIENCY, folders[1], file["name"], number)
    return None


def load_yaml(path: Path) -> tuple[Any, yaml.Node]:
    """Read a small YAML file that strangers wrote: plain values only, each key once.

    Returns its data, and the nodes, which know their lines.

    Raises:
        YamlError: it can't be read or parsed, is too large or too deep, or uses anchors, tags or a key twice.
    """
    text = _small_text(path)
    try:
        _refuse_tricks(text)
        node = yaml.compose(text, Loader=YAML_LOADER)
        if not isinstance(node, yaml.MappingNode):
            raise YamlError("holds no fields; write one `name: value` line for each", 1)
        _refuse_repeated_keys(node)
        return yaml.load(text, Loader=YAML_LOADER), node  # noqa: S506  a safe loader
    except yaml.YAMLError as fault:
        mark: Any = getattr(fault, "problem_mark", None)
        problem = getattr(fault, "problem", None) or getattr(fault, "reason", None) or "unreadable"
        line = mark.line + 1 if mark else None
        place = f" at line {line}" if line else ""
        raise YamlError(f"isn't valid YAML{place}: {problem}; correct it", line) from fault
    except ValueError as fault:  # such as 2024-13-45, which looks like a date
        raise YamlError(
            f"has a value that looks like a date or a number but isn't one ({fault}); put it in quotes"
        ) from fault


def _small_text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(YAML_BYTES + 1)
        if len(content) > YAML_BYTES:
            raise YamlError(f"is larger than {YAML_BYTES // 1024} KiB; shorten it")
        return content.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        raise YamlError(f"isn't UTF-8 at line {line}; save it as UTF-8", line) from fault
    except OSError as fault:
        raise YamlError(f"can't be read ({fault.strerror}); make it a readable file") from fault


def _refuse_tricks(text: str) -> None:
    """Refuse what a submission never needs and an attack does, before anything is built from the text."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=YAML_LOADER):
        mark: Any = event.start_mark
        line = mark.line + 1
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if getattr(event, "anchor", None) is not None:
            raise YamlError("uses an anchor or alias (& or *); write the value out", line)
        if getattr(event, "tag", None) is not None:
            raise YamlError("uses a tag (!); write a plain value", line)
        if depth > YAML_DEPTH:
            raise YamlError(f"is nested deeper than {YAML_DEPTH} levels; flatten it", line)
        if documents > 1:
            raise YamlError("holds more than one document; keep one", line)


def _refuse_repeated_keys(node: yaml.Node) -> None:
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_repeated_keys(child)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError("has a field name that isn't a plain word; correct it", line)
        if key.value in seen:
            raise YamlError(f"gives {shown(key.value)} twice; keep one of them", line)
        seen.add(key.value)
        _refuse_repeated_keys(value)


def line_of(node: yaml.Node, where: Location) -> int:
    """Return the line of a field, or of the innermost part of its place that exists."""
    line = node.start_mark.line + 1
    for part in where:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                return line
            line, node = found[0][0].start_mark.line + 1, found[0][1]
            continue
        else:
            return line
        line = node.start_mark.line + 1
    return line


def read_submission(path: Path) -> Submission:
    """Read one `submission.yaml`.

    Raises:
        InputError: it can't be read, or says something that the contract doesn't allow.
    """
    try:
        return Submission.model_validate(load_yaml(path)[0])
    except YamlError as fault:
        raise InputError(f"{path} {fault}") from fault
    except ValidationError as fault:
        sentences = "; ".join(sentence for _, sentence in explained(fault, Submission))
        raise InputError(f"{path}: {sentences}") from fault


def write_submission(file: Path, submission: Submission) -> None:
    """Write a submission as YAML that a person goes on editing.

    Raises:
        InputError: the folder can't be written.
    """
    data = submission.model_dump(exclude_none=True, exclude_defaults=True)
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    try:
        write_atomically(file, text)
    except OSError as error:
        raise InputError(
            f"{file.parent} can't be written ({error.strerror}); choose another --output"
        ) from error


def expected_name(submission: Submission) -> str:
    """Return `<org>--<model>/<variant>`, the folder that a submission's content gives it."""
    variant = derived_variant(submission.quantization, submission.dtype)
    return f"{family_folder(submission.base_model)}/{variant}"


def variant_agrees(variant: str, quantization: Quantization, derived: str) -> bool:
    """Say whether a folder's name is the derived one, or the derived one with a suffix of its own.

    `gptq-4bit-g128` isn't `gptq-4bit` with a suffix: it names another recipe.
    """
    suffix = variant.removeprefix(derived + "-")
    if variant == derived or suffix == variant:
        return variant == derived
    takes_group = quantization.method in ("gptq", "awq", "spqr")
    names_group = takes_group and re.match(r"g-?\d+(-|$)", suffix) is not None
    return bool(_VARIANT.match(variant)) and bool(suffix) and not names_group


def result_files(folder: Path, suffix: str = ".json") -> list[Path]:
    """Return the result files of an entry, sorted; hidden and half-written files are left out."""
    files = (folder / RESULTS).rglob(f"*{suffix}")
    return sorted(file for file in files if not file.name.startswith("."))


def read_entry(folder: Path) -> Entry:
    """Read one entry with all its results.

    Raises:
        InputError: the submission can't be read.
        ResultError: a result can't be read.
    """
    results = tuple(StoredResult(path, read_result(path)) for path in result_files(folder))
    return Entry(
        folder=folder,
        name=f"{folder.parent.name}/{folder.name}",
        family=folder.parent.name,
        variant=folder.name,
        submission=read_submission(folder / SUBMISSION),
        results=results,
    )


def named_entry(text: str, root: Path) -> Entry:
    """Read the entry in a folder, or of a name below the root of all entries.

    Raises:
        InputError: there is none, or its submission can't be read.
        ResultError: a result can't be read.
    """
    for folder in (Path(text), root / text):
        if (folder / SUBMISSION).is_file():
            return read_entry(folder.resolve())
    raise InputError(
        f"there is no entry {shown(text)}, neither as a folder nor below {root}; give a folder with a "
        f"{SUBMISSION}, or <org>--<model>/<variant>"
    )


def subfolders(folder: Path) -> list[Path]:
    """Return the folders inside a folder, sorted; hidden ones and links are left out."""
    inside = sorted(folder.iterdir())
    return [
        one
        for one in inside
        if one.is_dir() and not one.is_symlink() and not one.name.startswith(".")
    ]


def entry_folders(root: Path) -> list[Path]:
    """Return every `<root>/<family>/<variant>` folder, sorted.

    Raises:
        InputError: there is no such root.
    """
    if not root.is_dir():
        raise InputError(f"there is no folder {root}; give the folder that holds the submissions")
    return [variant for family in subfolders(root) for variant in subfolders(family)]


def find_entries(root: Path) -> list[Entry]:
    """Read every entry below a submissions folder, sorted by name.

    Raises:
        InputError: there is no such folder, or a submission can't be read.
        ResultError: a result can't be read.
    """
    return [read_entry(folder) for folder in entry_folders(root)]


def current_results(entry: Entry) -> list[StoredResult]:
    """Return the results that no later file supersedes, sorted by path.

    Raises:
        ResultError: a result supersedes a file that isn't there, or two results claim to be the current one.
    """
    units: defaultdict[tuple[Path, str], list[StoredResult]] = defaultdict(list)
    for stored in entry.results:
        units[stored.path.parent, stored.path.name.split(".")[0]].append(stored)
    return [_current(versions) for _, versions in sorted(units.items(), key=lambda one: one[0])]


def _current(versions: list[StoredResult]) -> StoredResult:
    names = {stored.path.name for stored in versions}
    superseded = {stored.result.supersedes for stored in versions} - {None}
    if not superseded <= names:
        missing = ", ".join(sorted(str(name) for name in superseded - names))
        raise ResultError(
            f"{versions[0].path.parent}: a result supersedes {missing}, which isn't there; restore it"
        )
    current = [stored for stored in versions if stored.path.name not in superseded]
    if len(current) != 1:
        listed = ", ".join(stored.path.name for stored in current or versions)
        raise ResultError(
            f"{versions[0].path.parent}: {listed} contradict each other; "
            "name in each later file the one that it supersedes"
        )
    return current[0]
