"""Run a base before the variant that is compared with it is loaded: one model in memory at a time.

What the base gave is looked for in the local cache. Only where it is missing is the base loaded; it runs over
every benchmark that needs it, and is gone before the variant comes.
"""

import gc
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evaluator import models
from evaluator.errors import InputError, QuantboardError
from evaluator.models.checkpoint import commit_of
from evaluator.results import Submission, UnitResult
from evaluator.suites.divergence import FLAG

if TYPE_CHECKING:
    from evaluator.models import Loaded
    from evaluator.scoring.divergence.kept import Kept, Record
    from evaluator.scoring.run import Question

Say = Callable[[str], None]
Failures = dict[Path, Exception]
PINNED = re.compile(r"(.+)@([0-9a-f]{40})")


@dataclass(frozen=True)
class Baseline:
    """An unquantized model that variants are compared with: its name in records, and where it lies."""

    name: str
    folder: Path
    revision: str | None
    files: dict[str, str]
    dtype: str
    device: str

    @property
    def words(self) -> list[str]:
        """Return the words of a command that name it; a folder's place on this machine is left out."""
        return [FLAG, f"{self.name}@{self.revision}" if self.revision else self.name]

    def load(self) -> "Loaded":
        """Load it.

        Raises:
            ModelError: it can't be loaded safely.
        """
        return models.load(
            self.folder,
            identifier=self.name,
            revision=self.revision,
            dtype=self.dtype,
            device=self.device,
        )


def find(text: str, submission: Submission, device: str) -> Baseline:
    """Return the base that a user named: a folder, a Hub id, `<id>@<commit>`, or nothing for the entry's own.

    It is loaded in the entry's dtype, an id of the entry's own base at its `base_revision`.

    Raises:
        InputError: it is none of these, or is quantized itself.
        ModelError: it can't be had.
    """
    own = submission.base_model
    if not text and own.startswith("local/"):
        raise InputError(f"the base {own} isn't on the Hub; name its folder: {FLAG} FOLDER")
    pinned = PINNED.fullmatch(text or own)
    identifier, revision = pinned.groups() if pinned else (text or own, None)
    here = Path(identifier).expanduser().is_dir()
    if not here and revision is None and identifier == own:
        revision = submission.base_revision
    folder = models.resolve(identifier, revision)
    facts = models.inspect_folder(folder)
    if facts.quantization is not None:
        raise InputError(
            f"{identifier} is quantized itself; name the unquantized model with {FLAG}"
        )
    return Baseline(
        name=_local_name(folder) if here else identifier,
        folder=folder,
        revision=None if here else revision or commit_of(folder),
        files=facts.sha256(),
        dtype=submission.dtype,
        device=device,
    )


def _local_name(folder: Path) -> str:
    return "local/" + re.sub(r"[^A-Za-z0-9._-]", "-", folder.resolve().name)


def require_same(unit: str, done: UnitResult | None, baseline: Baseline) -> None:
    """Check that the base of a result that stands is the one that is asked for now.

    Raises:
        InputError: it is another one, and the result would be taken for this one's.
    """
    used = done.provenance.base if done and done.status == "ok" else None
    if used is not None and used.files != baseline.files:
        raise InputError(
            f"{unit} was measured from {used.id} with other files; add --rerun REASON to measure it from "
            f"{baseline.name}"
        )


def kept(question: "Question", baseline: Baseline) -> "tuple[Kept, Record] | None":
    """Return what is kept of the base for a benchmark; None where there is nothing."""
    from evaluator.scoring.divergence.kept import find

    return find(_identity(question, baseline))


def _identity(question: "Question", baseline: Baseline) -> dict[str, object]:
    from evaluator.scoring.divergence.base import identity

    return identity(baseline.files, baseline.dtype, baseline.device, question)


def prepare(questions: Mapping[Path, "Question"], baseline: Baseline, say: Say) -> Failures:
    """Run the base over the benchmarks of which nothing is kept yet; it is loaded only if there is one.

    Returns why, by the key of the question, for each of which nothing is kept afterwards.
    """
    missing = {key: one for key, one in questions.items() if kept(one, baseline) is None}
    if not missing:
        return {}
    try:
        loaded = baseline.load()
    except Exception as error:
        say(f"the base {baseline.name} doesn't load: {error}")
        return dict.fromkeys(missing, error)
    failures = _run(missing, loaded, baseline, say)
    del loaded
    _free()
    return failures


def _run(
    questions: Mapping[Path, "Question"], loaded: "Loaded", baseline: Baseline, say: Say
) -> Failures:
    from evaluator.scoring.divergence.base import run_base

    failures: Failures = {}
    for key, question in questions.items():
        say(f"base {baseline.name}: {question.suite.name}/{question.benchmark.name}")
        try:
            run_base(loaded, question, _identity(question, baseline))
        except Exception as error:
            if not isinstance(error, QuantboardError):
                traceback.print_exception(error)
            failures[key] = error
    return failures


def _free() -> None:
    """Give the base's memory back, on a card too: what torch holds of it nobody else can have."""
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
