"""Find what `quantboard run` is asked to evaluate: an entry, or a model not yet submitted.

A model that isn't an entry yet gets an entry's folder of its own, with a draft `submission.yaml`
that its owner completes before submitting. Its results are then already where they belong.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from evaluator.entries import write_submission
from evaluator.errors import InputError
from evaluator.quantization import content_revision, read_recipe
from evaluator.results import (
    Dtype,
    Submission,
    derived_variant,
    family_folder,
    validation_messages,
)

if TYPE_CHECKING:
    from evaluator.models import Loaded, ModelFolder

ON_THE_FLY = ("llm.int8", "nf4")


@dataclass(frozen=True)
class Target:
    """An entry that can be run: where it stands, what it says, and where its checkpoint is."""

    name: str
    folder: Path
    submission: Submission
    checkpoint: Path | None

    def load(self, device: str) -> "Loaded":
        """Fetch the checkpoint where it isn't local, check it against the submission, and load it.

        Raises:
            ModelError: the checkpoint can't be had, or can't be loaded safely.
            InputError: the checkpoint isn't what the submission says.
        """
        from evaluator import models

        submission = self.submission
        folder = self.checkpoint or models.resolve(submission.model, submission.revision)
        facts = models.inspect_folder(folder)
        method = method_while_loading(submission, facts)
        if method == "none":
            _require_agreement(submission, facts.config)
        return models.load(
            folder,
            identifier=submission.model,
            revision=None if self.checkpoint else submission.revision,
            dtype=submission.dtype,
            device=device,
            method=method,
        )


def method_while_loading(submission: Submission, facts: "ModelFolder") -> str:
    """Return how an entry's checkpoint is quantized while it is loaded; `none` for one taken as it is."""
    method = submission.quantization.method
    return method if method in ON_THE_FLY and not facts.quantization else "none"


def _require_agreement(submission: Submission, config: dict[str, Any]) -> None:
    from evaluator.submissions import check_against_model

    problems = check_against_model(submission, config)
    if problems:
        raise InputError("; ".join(problem.message for problem in problems))


def find_target(
    text: str,
    *,
    root: Path,
    output: Path,
    base_model: str | None,
    dtype: Dtype | None,
    method: str | None,
) -> Target:
    """Return what the user means: an entry's folder or name, a model's folder, or a Hub id.

    Raises:
        InputError: it is none of these, or the entry has errors.
    """
    path = Path(text)
    if (entry := find_entry(text, root)) is not None:
        return entry
    if (path / "config.json").is_file() or path.is_dir():
        return _local_model(path, output, base_model, dtype, method)
    if re.fullmatch(r"[\w.-]+/[\w.-]+", text) and not text.startswith("."):
        return _hub_model(text, output, base_model, dtype, method)
    raise InputError(
        f"{text} is no entry (a folder with submission.yaml), no folder with a model, and no Hub id; "
        "give one of these"
    )


def find_entry(text: str, root: Path) -> Target | None:
    """Return the entry of this folder or name; None where it is something else.

    Raises:
        InputError: the entry has errors.
    """
    for folder in (Path(text), root / text):
        if (folder / "submission.yaml").is_file():
            return _entry(folder)
    return None


def _entry(folder: Path) -> Target:
    from evaluator.submissions import check

    folder = folder.resolve()
    problems = [p for p in check([folder], root=folder.parent.parent) if p.severity == "error"]
    wrong = [p for p in problems if "results" not in Path(p.path).parts]
    if wrong:
        raise InputError("\n".join(f"{p.path}: {p.message}" for p in wrong))
    text = (folder / "submission.yaml").read_text("utf-8")
    submission = Submission.model_validate(yaml.safe_load(text))
    if submission.source == "reported":
        raise InputError(
            f"{folder.parent.name}/{folder.name} holds figures of a publication, into which nothing is "
            f"measured; evaluate the model itself, {submission.model}"
        )
    return Target(f"{folder.parent.name}/{folder.name}", folder, submission, None)


def _local_model(
    path: Path, output: Path, base_model: str | None, dtype: Dtype | None, method: str | None
) -> Target:
    from evaluator import models

    facts = models.inspect_folder(path)
    recipe = read_recipe(path)
    name = re.sub(r"[^A-Za-z0-9._-]", "-", path.resolve().name)
    model = f"local/{name}"
    digest = content_revision(facts)
    base = base_model or recipe.get("base_model") or model
    draft = {
        "model": model,
        "revision": digest,
        "base_model": base,
        "base_revision": recipe.get("base_revision") or (digest if base == model else None),
        "quantization": _quantization(facts, recipe, dtype, method),
        "dtype": dtype or recipe.get("dtype") or "bfloat16",
        "license": recipe.get("license") or "unknown",
        "chat": facts.has_chat_template,
        "notes": "Draft: publish the checkpoint, then set model, revision and license.",
    }
    return _draft(draft, output, path)


def _hub_model(
    model: str, output: Path, base_model: str | None, dtype: Dtype | None, method: str | None
) -> Target:
    from evaluator import models

    revision = models.newest_revision(model)
    path = models.resolve(model, revision)
    facts = models.inspect_folder(path)
    base = base_model or model
    draft = {
        "model": model,
        "revision": revision,
        "base_model": base,
        "base_revision": revision if base == model else models.newest_revision(base),
        "quantization": _quantization(facts, {}, dtype, method),
        "dtype": dtype or "bfloat16",
        "license": "unknown",
        "chat": facts.has_chat_template,
        "notes": "Draft: set license, and what the recipe lacks.",
    }
    return _draft(draft, output, None)


def _quantization(
    facts: "ModelFolder", recipe: dict[str, Any], dtype: Dtype | None, method: str | None
) -> dict[str, Any]:
    """Return the recipe: the one written beside the checkpoint, else what its config says."""
    if recipe.get("quantization"):
        return dict(recipe["quantization"])
    if facts.quantization:
        return facts.quantization.model_dump(exclude_none=True)
    if method in ON_THE_FLY:
        return {"method": method, "bits": 8 if method == "llm.int8" else 4, "tool": "bitsandbytes"}
    return {"method": "none", "bits": 32 if dtype == "float32" else 16}


def _draft(draft: dict[str, Any], output: Path, checkpoint: Path | None) -> Target:
    try:
        submission = Submission.model_validate(draft)
    except ValidationError as error:
        raise InputError(
            f"this model can't be an entry: {'; '.join(validation_messages(error))}"
        ) from error
    variant = derived_variant(submission.quantization, submission.dtype)
    folder = output / family_folder(submission.base_model) / variant
    file = folder / "submission.yaml"
    if file.is_file():
        standing = Submission.model_validate(yaml.safe_load(file.read_text("utf-8")))
        if standing.revision != submission.revision:
            raise InputError(
                f"{folder} holds results of another checkpoint ({standing.revision}); "
                "choose another --output, or remove that folder"
            )
        submission = standing
    else:
        write_submission(file, submission)
    return Target(f"{folder.parent.name}/{folder.name}", folder, submission, checkpoint)
