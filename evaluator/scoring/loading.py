"""Build lm-eval's tasks of a benchmark, with their rows from our own data layer: the Hub, or a folder.

Only the folders that hold the wanted tasks are indexed; lm-eval needs twenty seconds for all of its own.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any

import lm_eval.tasks
from lm_eval.api.group import Group
from lm_eval.api.task import ConfigurableTask
from lm_eval.config.group import GroupConfig
from lm_eval.tasks import TaskManager
from lm_eval.tasks._index import Entry, Kind

from evaluator.errors import DatasetError, InputError
from evaluator.scoring import examples
from evaluator.suites.definitions import Benchmark, DatasetDefinition
from evaluator.tasks import data, documents
from evaluator.tasks.registry import PREFIX, code_for_task, task_folder

FEWSHOT_SEED = 1234  # lm-eval's default, as are the others in scoring/run.py


class Tasks(dict[str, Any]):
    """The tasks behind one name, in lm-eval's order, with the groups that lm-eval sums them up by."""

    groups: Mapping[str, Group] = {}


class Splits(Mapping[str, Any]):
    """The splits of one data set, each read when it is first asked for."""

    def __init__(self, definition: DatasetDefinition, folder: Path | None) -> None:
        """Read nothing yet."""
        self._definition = definition
        self._folder = folder
        self._read: dict[str, Any] = {}

    def __getitem__(self, split: str) -> Any:
        """Return the rows of a split; `subject` is the config's name where the data have no such column."""
        if split not in self._read:
            self._read[split] = self._rows(split)
        return self._read[split]

    def _rows(self, split: str) -> Any:
        definition = self._definition
        rows = data.load_split(definition, split, self._folder)
        if "subject" in definition.columns and "subject" not in rows.column_names:
            rows = rows.add_column("subject", [definition.config] * len(rows))
        if split == definition.split:
            data.require_columns(rows, definition, self._folder)
        return rows

    def __iter__(self) -> Iterator[str]:
        """Name the splits read so far; which others there are, only reading tells."""
        return iter(self._read)

    def __len__(self) -> int:
        """Return how many splits were read so far."""
        return len(self._read)


class DataTask(ConfigurableTask):  # type: ignore[misc]  # lm-eval ships no types
    """A task of lm-eval's whose rows come from our data layer; `task_class` fills the two attributes in.

    Where one of this project's own tasks finds no split with examples, the first rows of the scored split
    serve, and are not asked (`scoring/examples.py`).
    """

    benchmark: Benchmark
    folder: Path | None

    def __init__(self, config: dict[str, Any]) -> None:
        """Build the task from its YAML with the overrides laid over it."""
        super().__init__(config={key: config[key] for key in config if key != "class"})

    def download(self, dataset_kwargs: Any = None, **_: Any) -> None:
        """Point at the splits; `dataset_kwargs` name files, which the data layer knows better."""
        definition = self.benchmark.dataset
        if not self.config.task.startswith(PREFIX):  # each of lm-eval's subjects is a config
            definition = definition.model_copy(update={"config": self.DATASET_NAME})
        self.dataset = Splits(definition, self.folder)

    @cached_property
    def lent(self) -> int:
        """Return how many rows of the scored split serve as examples."""
        split, shots = self.fewshot_cfg.split, self.config.num_fewshot or 0
        if not shots or split is None or not self.config.task.startswith(PREFIX):
            return 0
        absent = examples.lacks(self.dataset, split, self.benchmark.dataset, self.folder)
        return shots if absent else 0

    @property
    def notes(self) -> list[str]:
        """Return what a result has to say of the examples."""
        if not self.lent:
            return []
        return [examples.note(self.fewshot_cfg.split, self.lent, self.config.test_split)]

    @cached_property
    def _whole(self) -> Any:
        rows = super().test_docs()
        if self.lent and len(rows) <= self.lent:
            raise DatasetError(
                f"{data.where(self.benchmark.dataset, self.folder)}, split {self.config.test_split}, has "
                f"only {len(rows)} rows, and {self.lent} are needed as examples; use it as the Hub has it"
            )
        return rows

    @cached_property
    def _tested(self) -> Any:
        return self._whole.select(range(self.lent, len(self._whole))) if self.lent else self._whole

    @cached_property
    def _validated(self) -> Any:
        return super().validation_docs()

    def fewshot_docs(self) -> Any:
        """Return the rows that examples come from; none without shots, where lm-eval copies the test set."""
        if self.lent:
            return self._whole.select(range(self.lent))
        return super().fewshot_docs() if self.config.num_fewshot else None

    def doc_iterator(self, *, samples: list[int] | None = None, **settings: Any) -> Any:
        """Go through the rows that are asked, numbered; lm-eval would decode all others too, to skip them."""
        if samples is None:
            return super().doc_iterator(**settings)
        return enumerate(self.eval_docs[number] for number in samples)

    def test_docs(self) -> Any:
        """Return the processed rows; lm-eval asks eight times, and would process them as often."""
        return self._tested

    def validation_docs(self) -> Any:
        """Return the processed rows; see `test_docs`."""
        return self._validated


def task_class(benchmark: Benchmark, folder: Path | None) -> type[DataTask]:
    """Return the class of a benchmark's tasks, which lm-eval builds with nothing but a config."""
    return type("DataTask", (DataTask,), {"benchmark": benchmark, "folder": folder})


def load_views(benchmark: Benchmark, folder: Path | None) -> dict[str, Tasks]:
    """Return the tasks of each name in `benchmark.tasks`: one, or those of the group that it is.

    Raises:
        DatasetError: the rows are missing, or have another shape.
        InputError: lm-eval has no task of that name.
    """
    manager = TaskManager(include_path=folders(benchmark), include_defaults=False)
    overrides = {
        **benchmark.task_overrides,
        "class": task_class(benchmark, folder),
        "num_fewshot": benchmark.shots,
    }
    if code_for_task(benchmark.tasks[0]):
        overrides["process_results"] = _scored_later
    if (process := documents.process_documents(benchmark)) is not None:
        overrides["process_docs"] = process
    with redirect_stdout(io.StringIO()):  # a task of lm-eval's prints which packages it would like
        return {name: _load(manager, name, overrides, benchmark) for name in benchmark.tasks}


def notes(benchmark: Benchmark, views: Mapping[str, Tasks]) -> list[str]:
    """Return what a result has to say of how a benchmark's rows came about, each sentence once."""
    every = [task for tasks in views.values() for task in tasks.values()]
    found = [note for task in every for note in task.notes]
    return list(dict.fromkeys([*found, *documents.notes(benchmark, every[0].eval_docs[0])]))


def _scored_later(row: Any, responses: Any) -> dict[str, float]:
    """Stand in for lm-eval's scoring where our own code scores the items."""
    return {}


def folders(benchmark: Benchmark) -> list[Path]:
    """Return the folders to index: our own, or the one of lm-eval's whose name a task's name begins with.

    Raises:
        InputError: no folder of lm-eval's fits.
    """
    root = Path(lm_eval.tasks.__file__).parent
    known = {path.name for path in root.iterdir() if path.is_dir()}
    found = []
    for task in benchmark.tasks:
        if task.startswith(PREFIX):
            found.append(task_folder())
            continue
        fitting = [name for name in known if task.replace("-", "_").startswith(name)]
        if not fitting:
            raise InputError(
                f"benchmark {benchmark.name} names a task {task!r} that lm-eval hasn't"
            )
        found.append(root / max(fitting, key=len))
    return sorted(set(found))


def _load(
    manager: TaskManager, name: str, overrides: dict[str, Any], benchmark: Benchmark
) -> Tasks:
    names = leaves(manager.task_index, name)
    if not names:
        raise InputError(f"benchmark {benchmark.name} names a task {name!r} that lm-eval hasn't")
    # named within a group, a task keeps its own YAML below the overrides
    group = {"group": "quantboard", "task": [{"task": leaf, **overrides} for leaf in names]}
    tasks = Tasks(manager.load([group])["tasks"])
    for task in tasks.values():
        task.set_fewshot_seed(seed=FEWSHOT_SEED)
    tasks.groups = {group.name: group for group in groups(manager.task_index, name, tasks)}
    return tasks


def groups(index: Mapping[str, Entry], name: str, tasks: Mapping[str, Any]) -> list[Group]:
    """Return lm-eval's group of a name and all groups in it, the outermost last; none for a single task.

    lm-eval 0.4.13 builds them itself only where nothing is laid over the tasks.
    """
    if name not in index or index[name].kind != Kind.GROUP:
        return []
    known = {field.name for field in fields(GroupConfig)}
    config = index[name].cfg or {}
    group = Group.from_config({key: config[key] for key in config if key in known})
    within: list[Group] = []
    for member in _members(config):
        inner = groups(index, member, tasks)
        for child in inner[-1:] or [tasks[leaf] for leaf in leaves(index, member)]:
            group.add(child)
        within += inner
    return [*within, group]


def _members(config: Mapping[str, Any]) -> list[str]:
    return [item if isinstance(item, str) else item["task"] for item in config["task"]]


def leaves(index: Mapping[str, Entry], name: str) -> list[str]:
    """Return the single tasks behind a name: of a group in its order, of a tag in alphabetical order."""
    entry = index.get(name)
    if entry is None:
        return []
    if entry.kind == Kind.TAG:
        return sorted(entry.tags)
    if entry.kind != Kind.GROUP:
        return [name]
    return [leaf for member in _members(entry.cfg) for leaf in leaves(index, member)]
