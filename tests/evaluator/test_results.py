"""The contract: names, records, and files that are whole or not there."""

import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from evaluator import results
from evaluator.errors import ResultError
from evaluator.files import sha256_text, write_atomically
from evaluator.results import (
    Metric,
    Provenance,
    Quantization,
    Timing,
    UnitResult,
    canonical_json,
    comparable,
    derived_variant,
    family_folder,
    json_schema,
    read_result,
)


def result(**changes: object) -> UnitResult:
    """Return a small result with some fields changed."""
    fields = {
        "kind": "benchmark",
        "entry": "org--model/bf16",
        "suite": "mini@1",
        "benchmark": "mmlu",
        "status": "ok",
        "metrics": {"accuracy": Metric(value=0.1 + 0.2)},
        "provenance": Provenance(command="quantboard run", decoding={"z": 1, "a": 2}),
        "timing": Timing(
            started="2026-01-01T00:00:00Z", finished="2026-01-01T00:00:01Z", seconds=1.5
        ),
        **changes,
    }
    return UnitResult.model_validate(fields)


@pytest.mark.parametrize(
    ("recipe", "dtype", "name"),
    [
        ({"method": "none", "bits": 16}, "bfloat16", "bf16"),
        ({"method": "none", "bits": 16}, "float16", "fp16"),
        ({"method": "none", "bits": 32}, "float32", "fp32"),
        ({"method": "llm.int8", "bits": 8}, "float16", "bnb-int8"),
        ({"method": "nf4", "bits": 4}, "bfloat16", "bnb-nf4"),
        ({"method": "gptq", "bits": 4, "group_size": 128}, "float16", "gptq-4bit-g128"),
        ({"method": "gptq", "bits": 3, "group_size": -1}, "float16", "gptq-3bit"),
        ({"method": "awq", "bits": 4}, "float16", "awq-4bit"),
        ({"method": "spqr", "bits": 2, "group_size": 16}, "bfloat16", "spqr-2bit-g16"),
    ],
)
def test_a_recipe_names_its_variant(
    recipe: dict[str, object], dtype: results.Dtype, name: str
) -> None:
    """The folder's name follows from method, bits, group size and dtype."""
    assert derived_variant(Quantization.model_validate(recipe), dtype) == name


def test_a_family_is_named_by_its_base() -> None:
    """The slash of a Hub id becomes two dashes."""
    assert family_folder("Qwen/Qwen2-7B") == "Qwen--Qwen2-7B"


def test_canonical_json_is_the_same_for_the_same_content() -> None:
    """Neither the order of keys nor a round through a file changes a byte."""
    text = canonical_json(result())
    again = UnitResult.model_validate(json.loads(text))
    turned = result(provenance=Provenance(command="quantboard run", decoding={"a": 2, "z": 1}))
    assert canonical_json(again) == text == canonical_json(turned)
    assert text.endswith("}\n")
    assert "0.30000000000000004" in text


def test_canonical_json_keeps_text_readable() -> None:
    """Chinese stays Chinese in the file."""
    assert "\u77e5\u8b58" in canonical_json(result(reason="\u77e5\u8b58"))


def test_canonical_json_refuses_nan() -> None:
    """A NaN in free-form settings doesn't reach a file."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"temperature": float("nan")})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_metric_refuses_what_is_no_number(value: float) -> None:
    """A metric that couldn't be had is null, never NaN."""
    with pytest.raises(ValidationError, match="finite"):
        Metric(value=value)


def test_unknown_fields_are_refused() -> None:
    """A misspelt field is an error, not a silent loss."""
    with pytest.raises(ValidationError, match="Extra inputs"):
        UnitResult.model_validate({**result().model_dump(), "verified": True})


def test_comparable_leaves_out_time_only() -> None:
    """Two runs agree but for timing and timed figures; a measured score still counts."""
    timed = {"latency": Metric(value=1.0, raw=[1.0])}
    later = Timing(started="2026-01-02T00:00:00Z", finished="2026-01-02T00:00:09Z", seconds=9)
    slower = {"latency": Metric(value=2.0, raw=[2.0])}
    assert comparable(result(metrics=timed)) == comparable(result(metrics=slower, timing=later))
    assert comparable(result()) != comparable(result(metrics={"accuracy": Metric(value=0.4)}))


def test_hashed_texts_do_not_run_together() -> None:
    """Two lists of texts with the same letters have different hashes."""
    assert sha256_text("ab", "c") != sha256_text("a", "bc")


def test_a_written_result_reads_back(tmp_path: Path) -> None:
    """What was written is what is read, in a folder made on the way."""
    file = tmp_path / "new" / "mmlu.json"
    write_atomically(file, canonical_json(result()))
    assert read_result(file) == result()


@pytest.fixture
def small_disk() -> Iterator[None]:
    """Let no file grow over 1,000 bytes, so that a write fails in its middle as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_disk")
def test_a_write_that_fails_leaves_no_half_file(tmp_path: Path) -> None:
    """When the disk fails in mid-write, the old file stands whole and nothing lies beside it."""
    file = tmp_path / "mmlu.json"
    write_atomically(file, "old")
    with pytest.raises(OSError, match="File too large"):
        write_atomically(file, "new" * 10_000)
    assert [one.name for one in tmp_path.iterdir()] == ["mmlu.json"]
    assert file.read_text() == "old"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_result_is_refused(tmp_path: Path, share: float) -> None:
    """A file cut anywhere is named, with what to do."""
    text = canonical_json(result())
    file = tmp_path / "mmlu.json"
    file.write_text(text[: int(len(text) * share)])
    with pytest.raises(
        ResultError, match=r"mmlu\.json can't be read as JSON .* run the unit again"
    ):
        read_result(file)


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 10_000, "\ud800"])
def test_a_hostile_result_is_refused(tmp_path: Path, text: str) -> None:
    """Depth, endless numbers and broken text end in a sentence, not in a traceback."""
    file = tmp_path / "mmlu.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ResultError, match="can't be read as JSON"):
        read_result(file)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_schema_version_is_refused(tmp_path: Path, version: object) -> None:
    """A result of another schema version is named with both versions."""
    file = tmp_path / "mmlu.json"
    file.write_text(json.dumps({**result().model_dump(mode="json"), "schema_version": version}))
    with pytest.raises(ResultError, match=f"schema_version {version!r}.* reads 1"):
        read_result(file)


def test_the_schema_documents_every_field() -> None:
    """An editor that reads the schema can explain each field of a submission."""
    properties = json_schema()["properties"]
    assert [name for name, field in properties.items() if "description" not in field] == []
    assert json_schema()["additionalProperties"] is False
