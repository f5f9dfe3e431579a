"""Judge what a submission says: its recipe, its names, and whether the checkpoint's own config agrees."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evaluator.entries import expected_name, variant_agrees
from evaluator.problems import Location, Problem, Severity, dotted, error, shown, text_fault, texts
from evaluator.results import (
    ONLY_BITS,
    Quantization,
    Submission,
    derived_variant,
    family_folder,
)
from evaluator.suites.definitions import suite_names

GROUP_SIZES = (-1, 16, 32, 64, 128, 256, 512, 1024)
DTYPE_BITS = {"bfloat16": 16, "float16": 16, "float32": 32}
ON_THE_FLY = ("llm.int8", "nf4")  # made while loading an unquantized checkpoint
LOCAL = "local/"

# Which parts of a recipe a method has; what it doesn't have would mislead a reader.
_MADE = frozenset({"tool", "tool_version"})
_GROUPED = _MADE | {"group_size", "symmetric", "calibration"}
PARTS: dict[str, frozenset[str]] = {
    "none": frozenset(),
    "llm.int8": _MADE,
    "nf4": _MADE,
    "gptq": _GROUPED | {"act_order"},
    "awq": _GROUPED,
    "spqr": _GROUPED | {"act_order"},
}

Fault = tuple[Severity, Location, str]  # severity, place in the submission, sentence


# What stands in for a field that can't be read, so that the others are judged all the same: another field's
# value, which is never in conflict with it, or else a neutral one.
_STANDING_IN = {
    "revision": ("base_revision", "0" * 40),
    "base_revision": ("revision", "0" * 40),
    "model": ("base_model", "unknown/unknown"),
    "base_model": ("model", "unknown/unknown"),
    "dtype": ("dtype", "bfloat16"),
    "license": ("license", "unknown"),
}
_NAMING = ("base_model", "dtype", "method", "bits", "group_size")


def without_faults(data: Mapping[str, Any], places: list[Location]) -> Submission | None:
    """Return a submission whose faulty fields are left out or stood in for; None if none can be made."""
    faulty = {str(where[0]) for where in places if where}
    rest = {key: value for key, value in data.items() if key not in faulty}
    for key in faulty & set(_STANDING_IN):
        other, neutral = _STANDING_IN[key]
        rest[key] = neutral if other in faulty else data.get(other, neutral)
    if "quantization" in faulty:
        rest["quantization"] = _readable_recipe(data.get("quantization"), places)
    try:
        return Submission.model_validate(rest)
    except ValidationError:
        return None


def _readable_recipe(recipe: Any, places: list[Location]) -> dict[str, Any]:
    faulty = {where[1] for where in places if len(where) > 1 and where[0] == "quantization"}
    readable = recipe if isinstance(recipe, Mapping) else {}
    return {key: value for key, value in readable.items() if key not in faulty}


def named_by(places: list[Location]) -> bool:
    """Say whether a faulty field is one that gives the entry's folder its name."""
    return any(where and where[-1] in _NAMING for where in places)


def reported(where: Location, places: list[Location]) -> bool:
    """Say whether a place, or what holds it, is among the places already reported."""
    return any(where[: len(place)] == place for place in places)


def submission_faults(submission: Submission) -> Iterator[Fault]:
    """Give what is wrong with a submission beyond its form: severity, place, what to change."""
    yield from _text_faults(submission)
    yield from _recipe_faults(submission.quantization, submission.dtype)
    yield from _identity_faults(submission)
    yield from _revision_faults(submission)
    yield from _suite_faults(submission.suite)
    if submission.source == "reported" and not submission.citation:
        yield (
            "error",
            ("source",),
            "source is reported but citation is missing; say where it stands",
        )


def _text_faults(submission: Submission) -> Iterator[Fault]:
    for where, text in texts(submission.model_dump(mode="json")):
        fault = text_fault(text)
        if fault:
            yield "error", where, f"{dotted(where)} {fault}"


def _recipe_faults(recipe: Quantization, dtype: str) -> Iterator[Fault]:
    method, offered = recipe.method, ONLY_BITS[recipe.method]
    bits = ("quantization", "bits")
    if recipe.bits not in offered:
        choices = " or ".join(str(one) for one in offered)
        yield "error", bits, f"method {method} has no {recipe.bits} bits; write {choices}"
    elif method == "none" and recipe.bits != DTYPE_BITS[dtype]:
        width = DTYPE_BITS[dtype]
        yield (
            "error",
            bits,
            f"dtype {dtype} has {width} bits, not {recipe.bits}; write bits: {width}",
        )
    for part in sorted(recipe.model_fields_set - {"method", "bits"} - PARTS[method]):
        if getattr(recipe, part) is not None:
            where = ("quantization", part)
            yield "error", where, f"method {method} has no {part}; remove quantization.{part}"
    yield from _group_faults(recipe)


def _group_faults(recipe: Quantization) -> Iterator[Fault]:
    where = ("quantization", "group_size")
    if "group_size" not in PARTS[recipe.method]:
        return
    if recipe.group_size is None:
        yield (
            "warning",
            where,
            "quantization.group_size is missing; add it, -1 for one scale per row",
        )
    elif recipe.group_size not in GROUP_SIZES:
        sizes = ", ".join(str(size) for size in GROUP_SIZES)
        yield (
            "error",
            where,
            f"quantization.group_size {recipe.group_size} isn't one that kernels have; write one of {sizes}",
        )


def _identity_faults(submission: Submission) -> Iterator[Fault]:
    for field in ("model", "base_model"):
        name = getattr(submission, field)
        if "--" in name or ".." in name:
            yield (
                "error",
                (field,),
                f"{field} {shown(name)} holds -- or .., which no Hub id does; correct it",
            )
    if submission.quantization.method != "none":
        return
    if submission.base_model != submission.model:
        yield (
            "error",
            ("base_model",),
            f"method none makes this a baseline, its own base; write base_model: {submission.model}",
        )
    elif submission.base_revision not in (None, submission.revision):
        yield (
            "error",
            ("base_revision",),
            "a baseline is its own base; give base_revision as revision",
        )


def _revision_faults(submission: Submission) -> Iterator[Fault]:
    if submission.model.startswith(LOCAL):
        yield (
            "warning",
            ("model",),
            f"{submission.model} is local, so nobody else can evaluate it; publish it before submitting",
        )
    elif submission.revision is None and submission.source != "reported":
        yield (
            "error",
            ("revision",),
            f"revision is missing; add the 40-digit commit of {submission.model}",
        )
    local_base = submission.base_model.startswith(LOCAL)
    if submission.quantization.method == "none" or submission.source == "reported" or local_base:
        return
    if submission.base_revision is None:
        base = submission.base_model
        yield (
            "error",
            ("base_revision",),
            f"base_revision is missing; add the 40-digit commit of {base}",
        )


def _suite_faults(suites: list[str]) -> Iterator[Fault]:
    known = suite_names()
    for index, suite in enumerate(suites):
        if suite not in known:
            choices = ", ".join(known)
            yield (
                "error",
                ("suite", index),
                f"there is no suite {shown(suite)}; write one of {choices}",
            )
        elif suite in suites[:index]:
            yield "warning", ("suite", index), f"suite {suite} stands twice; keep one"


def name_problems(folder: Path, submission: Submission) -> list[Problem]:
    """Return where the folder's name disagrees with what the submission says."""
    family, expected = family_folder(submission.base_model), expected_name(submission)
    derived = derived_variant(submission.quantization, submission.dtype)
    named = folder.parent.name == family
    if named and variant_agrees(folder.name, submission.quantization, derived):
        return []
    return [
        error(
            folder,
            f"the folder is named {folder.parent.name}/{folder.name}, but its content makes it {expected}; "
            f"rename it to {expected}, or to {expected}-<suffix> for another recipe or revision",
        )
    ]


def same_loading(submission: Submission) -> tuple[object, ...]:
    """Return what makes two submissions the same checkpoint, loaded the same way, or of the same paper."""
    recipe = submission.quantization
    paper = submission.citation if submission.source == "reported" else None
    checkpoint = (submission.model, submission.revision, submission.source, paper)
    return (*checkpoint, recipe.method, recipe.bits, submission.dtype)


def check_against_model(
    submission: Submission, config: Mapping[str, Any], *, path: Path | str = "submission.yaml"
) -> list[Problem]:
    """Compare a submission's recipe with the checkpoint's `config.json`, given as a dict.

    A checkpoint without `quantization_config` suits a baseline and the methods that quantize while loading.
    """
    problems = []
    if config.get("auto_map"):
        problems.append(
            error(
                path,
                "the checkpoint's config.json names code of its own (auto_map); remove auto_map",
            )
        )
    own = _own_recipe(config)
    method = submission.quantization.method
    if own is None:
        if method != "none" and method not in ON_THE_FLY:
            sentence = (
                f"method is {method}, but the checkpoint's config.json has no quantization_config"
            )
            problems.append(error(path, f"{sentence}; correct method or model"))
        return problems
    if own["method"] != method:
        sentence = f"method is {method}, but the checkpoint is quantized by {own['method']}"
        return [*problems, error(path, f"{sentence}; correct method or model")]
    return problems + _disagreements(submission.quantization, own, path)


def _disagreements(recipe: Quantization, own: dict[str, Any], path: Path | str) -> list[Problem]:
    problems = []
    given = {**recipe.model_dump(), "group_size": recipe.group_size or -1}
    for field in ("bits", "group_size", "symmetric", "act_order"):
        said, held = given[field], own.get(field)
        if said is not None and held is not None and said != held:
            sentence = f"{field} is {_yaml(said)}, but the checkpoint's quantization_config has {_yaml(held)}"
            problems.append(error(path, f"{sentence}; write {field}: {_yaml(held)}"))
    return problems


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else shown(value).strip("'")


def _own_recipe(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a checkpoint's recipe in this project's words, or None where it isn't quantized.

    Names differ by tool: auto-gptq `bits`, `sym`, `desc_act`; autoawq `bits` or `w_bit`, `zero_point`.
    """
    own = config.get("quantization_config")
    if not isinstance(own, Mapping):
        inner = config.get(
            "text_config"
        )  # models that also see or hear keep the language model here
        return _own_recipe(inner) if isinstance(inner, Mapping) else None
    method = _own_method(own)
    if method in ON_THE_FLY:
        return {"method": method, "bits": ONLY_BITS[method][0]}
    zero_point = own.get("zero_point")
    return {
        "method": method,
        "bits": own.get("bits", own.get("w_bit")),
        "group_size": own.get("group_size", own.get("q_group_size")),
        "symmetric": own.get("sym") if zero_point is None else not zero_point,
        "act_order": own.get("desc_act"),
    }


def _own_method(own: Mapping[str, Any]) -> str:
    named = shown(own.get("quant_method", "an unnamed method")).strip("'").lower()
    if own.get("load_in_8bit"):
        return "llm.int8"
    if own.get("load_in_4bit"):
        return shown(own.get("bnb_4bit_quant_type", "fp4")).strip("'").lower()
    return named
