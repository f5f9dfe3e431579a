"""Hold what one benchmark gave on one model."""

from dataclasses import dataclass, field
from typing import Any

from evaluator.results import DatasetUsed, JudgeUsed, LoadedModel, Metric


@dataclass(frozen=True)
class Outcome:
    """Everything a unit's result records of a benchmark, and the texts that stay in a local cache."""

    metrics: dict[str, Metric]
    groups: dict[str, dict[str, Metric]]
    columns: dict[str, list[Any]]
    datasets: list[DatasetUsed]
    prompt_hash: str | None
    task_versions: dict[str, str]
    shots: int
    decoding: dict[str, Any]
    seeds: dict[str, int]
    tokens: dict[str, int]
    truncated_prompts: int
    chat_template_applied: bool
    notes: list[str] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    near_ties: int = 0
    reused: int = 0
    judge: JudgeUsed | None = None
    compared_with: LoadedModel | None = None
