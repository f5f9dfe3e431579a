"""Define the contract: what a submission, a unit's result and an item are.

Everything that quantboard writes or reads between its parts is one of the models here. The JSON schema in
`submissions/schema.json` is generated from them. This module imports nothing heavy.

Schema history
  1  first version; `judge` and `base` of a result's provenance and `note` of a metric came later, and may
     be missing
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evaluator.errors import ResultError

SCHEMA_VERSION = 1

Method = Literal["none", "llm.int8", "nf4", "gptq", "awq", "spqr"]
Dtype = Literal["bfloat16", "float16", "float32"]
Dimension = Literal["knowledge", "alignment", "efficiency", "perplexity"]
Direction = Literal["higher", "lower", "zero"]
Status = Literal["ok", "failed"]
Source = Literal["verified", "self-reported", "reported"]

HubId = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")
]
Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Moment = Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z$")]

DTYPE_SHORT: dict[str, str] = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32"}
ONLY_BITS: dict[str, tuple[int, ...]] = {
    "none": (16, 32),
    "llm.int8": (8,),
    "nf4": (4,),
    "gptq": (2, 3, 4, 8),
    "awq": (4,),
    "spqr": (2, 3, 4, 8),
}


class Contract(BaseModel):
    """A record that refuses unknown fields and is never changed after it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Calibration(Contract):
    """The texts a quantizer looked at."""

    dataset: str = Field(max_length=200, description="Hub id or name of the calibration texts.")
    samples: int | None = Field(default=None, ge=1, description="Number of texts.")
    sequence_length: int | None = Field(default=None, ge=1, description="Tokens per text.")


class Quantization(Contract):
    """The recipe by which a variant was made."""

    method: Method = Field(description="How the weights were quantized; `none` for a baseline.")
    bits: int = Field(description="Nominal bits per weight; the width of the dtype for `none`.")
    group_size: int | None = Field(
        default=None, description="Weights that share one scale; -1 for one scale per output row."
    )
    symmetric: bool | None = Field(default=None, description="Whether zero points are fixed.")
    act_order: bool | None = Field(default=None, description="GPTQ's `desc_act`.")
    tool: str | None = Field(
        default=None, max_length=200, description="Program that made the checkpoint."
    )
    tool_version: str | None = Field(default=None, max_length=200, description="Its version.")
    calibration: Calibration | None = Field(default=None, description="Texts it was calibrated on.")


class Submission(Contract):
    """What a person writes: one variant of one model, at one revision, loaded in one way."""

    model: HubId = Field(
        description="Hub id of the checkpoint; `local/<name>` before it is published."
    )
    revision: Revision | None = Field(
        default=None,
        description="Commit of the checkpoint, 40 hex digits; optional only for `reported`.",
    )
    base_model: HubId = Field(
        description="Hub id of the unquantized model; its own id for a baseline."
    )
    base_revision: Revision | None = Field(
        default=None, description="Commit of the base, 40 hex digits."
    )
    quantization: Quantization = Field(description="The recipe.")
    dtype: Dtype = Field(description="Dtype of what isn't quantized, and of the computation.")
    license: str = Field(
        min_length=1,
        max_length=200,
        description="Licence of the checkpoint, as an SPDX id where it has one.",
    )
    chat: bool = Field(default=False, description="Whether the model follows a chat template.")
    suite: list[str] = Field(
        default=["paper"], min_length=1, description="Suites to evaluate it on."
    )
    source: Literal["self-reported", "reported"] = Field(
        default="self-reported",
        description="`reported` for figures taken from a publication. `verified` can't be written: "
        "it is what this project's own workflow has measured.",
    )
    notes: str | None = Field(
        default=None, max_length=2000, description="What a reader should know."
    )
    citation: str | None = Field(
        default=None, max_length=2000, description="How to cite the checkpoint."
    )


class Metric(Contract):
    """One measured value, with its uncertainty where it has one."""

    value: float | None = Field(
        description="The value in its own unit; null where it couldn't be had."
    )
    stderr: float | None = Field(default=None, description="Standard error of the value.")
    ci95: tuple[float, float] | None = Field(default=None, description="95 % interval.")
    n: int | None = Field(default=None, ge=0, description="Items or repetitions behind the value.")
    raw: list[float] | None = Field(default=None, description="Every repetition, in order.")
    reason: str | None = Field(default=None, description="Why the value is null.")
    note: str | None = Field(
        default=None, description="What sets the value apart from others of its name, in few words."
    )


class DatasetUsed(Contract):
    """Which rows were scored."""

    path: str = Field(description="Hub id of the data set, or its name inside the package.")
    revision: str | None = Field(
        default=None,
        description="Its commit, or `sha256:` and the digest of a download; null when it came from a folder.",
    )
    split: str = Field(description="Split that was scored.")
    fingerprint: str = Field(
        description="SHA-256 over the scored fields of the scored rows, in order."
    )
    rows: int = Field(ge=0, description="Number of scored rows.")


class LoadedModel(Contract):
    """What was really loaded."""

    id: str = Field(description="Hub id, or `local/<name>`.")
    revision: str | None = Field(
        default=None, description="Commit on the Hub; null for a local folder."
    )
    files: dict[str, str] = Field(
        default={}, description="SHA-256 of each weight and config file read."
    )
    dtype: str = Field(description="Dtype of the computation.")
    device: str = Field(description="Where it ran.")
    kernels: dict[str, int] = Field(
        default={}, description="Class of each linear layer, and how many of it."
    )
    chat_template_hash: str | None = Field(
        default=None, description="SHA-256 of the chat template."
    )
    context_length: int | None = Field(default=None, description="Positions that the model takes.")


class JudgeUsed(Contract):
    """Who decided what was asked of a judge: code by rules alone, or a model."""

    mode: Literal["rules", "local", "endpoint"] = Field(
        description="`rules`: code alone; `local`: a model that ran here; `endpoint`: one behind a URL."
    )
    model: str | None = Field(
        default=None,
        description="Hub id, `local/<name>`, or the name that the endpoint was asked for.",
    )
    revision: str | None = Field(default=None, description="Commit of a local judge on the Hub.")
    files_hash: str | None = Field(
        default=None, description="SHA-256 over the names and hashes of a local judge's files."
    )
    served: list[str] = Field(
        default=[], description="Models that the endpoint says it answered with, sorted."
    )
    host: str | None = Field(default=None, description="Host of the endpoint, and its port.")
    prompt_version: str | None = Field(default=None, description="Wording of the question.")
    settings: dict[str, Any] = Field(default={}, description="Decoding, and a local judge's dtype.")
    judged: int = Field(default=0, ge=0, description="Items that were the judge's to decide.")
    undecided: int = Field(default=0, ge=0, description="Of these, verdicts that can't be read.")
    tokens: dict[str, int] = Field(
        default={},
        description="Prompt and answer tokens of the verdicts, as far as they are known.",
    )


class Provenance(Contract):
    """How the numbers came to be."""

    command: str = Field(description="The command that reproduces this file.")
    model: LoadedModel | None = Field(default=None, description="Null where loading failed.")
    datasets: list[DatasetUsed] = Field(
        default=[], description="Data sets, in the order they were read."
    )
    limit: int | None = Field(default=None, description="Items asked at most; null for all.")
    prompt_hash: str | None = Field(default=None, description="SHA-256 over all prompts, in order.")
    task_versions: dict[str, str] = Field(default={}, description="Version of each task.")
    shots: int | None = Field(default=None, description="Examples before each question.")
    chat_template_applied: bool | None = Field(
        default=None, description="Whether prompts were chat turns."
    )
    decoding: dict[str, Any] = Field(default={}, description="Generation settings.")
    seeds: dict[str, int] = Field(default={}, description="Seeds, by generator.")
    packages: dict[str, str] = Field(
        default={}, description="Versions of the packages that matter."
    )
    hardware: dict[str, Any] = Field(
        default={}, description="Processor, accelerator, memory, driver."
    )
    tokens: dict[str, int] = Field(default={}, description="Prompt and generated tokens processed.")
    truncated_prompts: int = Field(default=0, ge=0, description="Prompts cut to fit the context.")
    judge: JudgeUsed | None = Field(
        default=None, description="Who judged; null where a benchmark has no judges."
    )
    base: LoadedModel | None = Field(
        default=None, description="The base that a divergence was measured from; null for all else."
    )
    notes: list[str] = Field(default=[], description="What a reader of the numbers must know.")


class Timing(Contract):
    """When it ran; the only part that differs between two runs of the same unit."""

    started: Moment = Field(description="UTC, ISO 8601, seconds.")
    finished: Moment = Field(description="UTC, ISO 8601, seconds.")
    seconds: float = Field(ge=0, description="Wall-clock seconds, loading left out.")
    reused: int = Field(
        default=0,
        ge=0,
        description="Requests that an interrupted run had answered; `seconds` leaves their time out.",
    )


class UnitResult(Contract):
    """The outcome of one unit: one benchmark of one suite, or one efficiency probe, on one entry."""

    schema_version: Literal[1] = Field(default=1, description="Version of this record.")
    kind: Literal["benchmark", "efficiency"] = Field(description="What kind of unit it was.")
    entry: str = Field(description="`<org>--<model>/<variant>`, the entry's folder.")
    suite: str | None = Field(
        default=None, description="`<suite>@<version>`; the one whose protocol ran."
    )
    benchmark: str = Field(description="Name of the benchmark, or of the probe.")
    hardware: str | None = Field(default=None, description="Short name of a probe's hardware.")
    status: Status = Field(description="`failed` results say why.")
    reason: str | None = Field(default=None, description="Why the unit failed, in one sentence.")
    metrics: dict[str, Metric] = Field(default={}, description="Every metric of the benchmark.")
    groups: dict[str, dict[str, Metric]] = Field(
        default={}, description="Metrics by part of the benchmark: subject, category, direction."
    )
    items: str | None = Field(
        default=None, description="Name of the parquet file with the items' outcomes."
    )
    items_sha256: str | None = Field(default=None, description="Hash of that file.")
    supersedes: str | None = Field(default=None, description="Earlier file that this one replaces.")
    supersedes_reason: str | None = Field(default=None, description="Why it replaces it.")
    provenance: Provenance = Field(description="How the numbers came to be.")
    timing: Timing = Field(description="When it ran.")


ITEM_COLUMNS = """
Columns of an items file, one row per scored item in the order of the data set:
  answer   int8, nullable   index of the answer the model chose; null where there is no choice
  correct  bool, nullable   whether it is right; null for metrics without right and wrong
  flags    uint8            sum of FLAGS: 1 the answer couldn't be parsed, 2 the prompt was cut,
                            4 the item failed and counts as wrong (in suite harness: as lm-eval counts it)
  stratum  string, optional the part that it belongs to, where a benchmark has parts: subject (MMLU,
                            C-Eval), direction (FLORES), label (SNLI), level (FollowBench), group and
                            context (BBQ, such as "Age, ambiguous"); in suite harness lm-eval's subtask,
                            or the category
  cluster  int32, optional  items of one number aren't independent: they share a template (BBQ), an
                            instruction (FollowBench) or a sentence (FLORES); numbered from 0 as they appear
  <metric> nullable         further per-item values, rounded to 1e-4, of the type that goes with the name:
           bool             what is so or not (correct_fallback, biased, known, judged, decided, mc1_sum, ...)
           decimal(9, 4)    shares (rouge1, rouge2, rougeL, mc2, soft)
           int32            counts (document_bytes, verdict; of sacreBLEU's counts of a sentence, bleu_0 and
                            so on, those that the others follow from: `evaluator.tasks.flores.counts`)
           float32          everything else (nll, document_nll, ...)
Where lm-eval computes a metric from several numbers of each item, each has a column (word_perplexity_0 and so
on); metrics computed from the same numbers share those of the first (byte_perplexity_0 serves bits_per_byte).
A column that isn't there says nothing of its items: they are of one part, and independent. Files written
before `stratum` and `cluster` came lack both, have float32 in the place of the other types, and all of
sacreBLEU's counts; `evaluator.items` reads them as it does these.
Of a perplexity the first rows are windows (`nll`), the others documents (`document_nll`, `document_bytes`);
each column is null in the rows of the other kind. Of a divergence the rows are windows or questions
(`kl_millinats`, `agreement`, `positions`).
The files of a suite take at most 250 KB per entry; C4's in suite harness, of 45,576 documents, 0.5 MB more.
"""
FLAGS = {"unparsed": 1, "truncated": 2, "failed": 4}


def derived_variant(quantization: Quantization, dtype: Dtype) -> str:
    """Return the name that the recipe gives to a variant, such as `bf16` or `gptq-4bit-g128`."""
    method, bits = quantization.method, quantization.bits
    if method == "none":
        return DTYPE_SHORT[dtype]
    if method == "llm.int8":
        return "bnb-int8"
    if method == "nf4":
        return "bnb-nf4"
    group = quantization.group_size
    return f"{method}-{bits}bit" + ("" if group in (None, -1) else f"-g{group}")


def family_folder(base_model: str) -> str:
    """Return the folder of a base model's family: `Qwen/Qwen2-7B` gives `Qwen--Qwen2-7B`."""
    return base_model.replace("/", "--")


def canonical_json(record: BaseModel | dict[str, Any]) -> str:
    """Return a record as sorted, indented JSON, floats in their shortest exact form."""
    data = record.model_dump(mode="json") if isinstance(record, BaseModel) else record
    return json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def comparable(result: UnitResult) -> dict[str, Any]:
    """Return what two runs of the same unit must agree on: everything but `timing` and timed measurements.

    A timed measurement is a metric that keeps its repetitions in `raw`; its name stays, its figures don't.
    """
    data = result.model_dump(mode="json", exclude={"timing"})
    for name, metric in data["metrics"].items():
        if metric["raw"] is not None:
            data["metrics"][name] = "timed"
    return data


def different_judges(one: UnitResult, other: UnitResult) -> str | None:
    """Say how the judges of two results differ, whose scores then don't compare; null where they agree.

    A result without a judge is one by rules alone. How many items were judged is no difference.
    """
    first, second = _judge_facts(one), _judge_facts(other)
    differing = [name for name in first if first[name] != second[name]]
    if not differing:
        return None
    name = differing[0]
    return f"judges differ in {name}: {first[name] or 'none'} and {second[name] or 'none'}"


def _judge_facts(result: UnitResult) -> dict[str, Any]:
    judge = result.provenance.judge or JudgeUsed(mode="rules")
    return judge.model_dump(exclude={"judged", "undecided", "tokens"})


def read_result(path: Path) -> UnitResult:
    """Read one result file.

    Raises:
        ResultError: it can't be read, is cut short, or belongs to another schema version.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ResultError(
            f"{path} can't be read as JSON ({error}); delete it and run the unit again"
        ) from error
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise ResultError(
            f"{path} has schema_version {version!r}, this quantboard reads {SCHEMA_VERSION}; "
            "run the unit again with this version"
        )
    try:
        return UnitResult.model_validate(data)
    except ValidationError as error:
        raise ResultError(
            f"{path} isn't a result: {'; '.join(validation_messages(error))}"
        ) from error


def validation_messages(error: ValidationError) -> list[str]:
    """Return each problem that pydantic found as `field: what is wrong`."""
    return [
        f"{'.'.join(str(part) for part in detail['loc']) or 'file'}: {detail['msg']}"
        for detail in error.errors(include_url=False)
    ]


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a submission and of a result, as `submissions/schema.json` holds it."""
    result = UnitResult.model_json_schema(ref_template="#/$defs/{model}")
    submission = Submission.model_json_schema(ref_template="#/$defs/{model}")
    definitions = {**result.pop("$defs", {}), **submission.pop("$defs", {})}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "quantboard submission (the root), and a unit's result (#/$defs/UnitResult)",
        "$defs": {**definitions, "UnitResult": result},
        **{key: value for key, value in submission.items() if key != "title"},
    }
