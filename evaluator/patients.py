"""Find what `quantboard doctor` is asked to examine: an entry, or a model with its base."""

from pathlib import Path

from evaluator import models, targets
from evaluator.doctor import Patient
from evaluator.errors import ModelError
from evaluator.quantization import read_recipe
from evaluator.results import Dtype

NONE_KNOWN = "no base model is known; give one with --base-model"


def find_patient(
    text: str,
    *,
    root: Path,
    base_model: str | None,
    dtype: Dtype | None,
    method: str | None,
    device: str,
) -> Patient:
    """Return what the user means, fetched; nothing is written.

    Raises:
        InputError: it is neither an entry, nor a folder, nor a Hub id.
        ModelError: the model can't be had.
    """
    target = targets.find_entry(text, root)
    if target is not None:
        submission = target.submission
        folder = models.resolve(submission.model, submission.revision)
        facts = models.inspect_folder(folder)
        base, reason = _base(base_model or submission.base_model, submission.base_revision)
        return Patient(
            folder, submission.model, submission.revision, submission.dtype, device,
            targets.method_while_loading(submission, facts), base, reason,
        )  # fmt: skip
    folder = models.resolve(text)
    recipe = read_recipe(folder)
    base, reason = _base(base_model or recipe.get("base_model"), recipe.get("base_revision"))
    return Patient(
        folder, text, models.commit_of(folder), dtype or recipe.get("dtype") or "bfloat16", device,
        method or "none", base, reason,
    )  # fmt: skip


def _base(model: str | None, revision: str | None) -> tuple[Path | None, str]:
    """Return the folder of the base's tokenizer and config; without one, the reason."""
    if not model or (model.startswith("local/") and not Path(model).is_dir()):
        return None, NONE_KNOWN
    try:
        return models.resolve(model, revision, weights=False), ""
    except ModelError as error:
        return None, f"the baseline can't be had: {error}"
