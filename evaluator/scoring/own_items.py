"""Turn the answers to this project's own tasks into items and metrics, by the code of each benchmark."""

from collections.abc import Sequence
from typing import Any

from evaluator.results import Metric
from evaluator.scoring.answers import Answered
from evaluator.tasks.registry import BenchmarkCode

Item = dict[str, float | None]
CONTRACT_COLUMNS = ("answer", "correct", "unparsed")  # `unparsed` becomes a flag


def items(
    code: BenchmarkCode, answers: list[Answered], verdicts: Sequence[str | None] = ()
) -> list[Item]:
    """Return what the benchmark's code makes of each answer, and of what a judge said of it."""
    said = verdicts or [None] * len(answers)
    return [_item(code, answer, one) for answer, one in zip(answers, said, strict=True)]


def _item(code: BenchmarkCode, answer: Answered, verdict: str | None) -> Item:
    if code.output_type == "generate_until":
        response = answer.responses[0] if answer.responses else ""
        if verdict is not None:
            return code.score_item(answer.row, response, verdict)
        return code.score_item(answer.row, response)
    counts = [record.continuation_tokens for record in answer.records]
    return code.score_item(answer.row, answer.likelihoods, counts)


def metrics(
    code: BenchmarkCode, answers: list[Answered], scored: list[Item]
) -> tuple[dict[str, Metric], dict[str, dict[str, Metric]]]:
    """Return the benchmark's metrics, and those of its parts."""
    return code.aggregate(scored, [answer.row for answer in answers])


def item_columns(
    code: BenchmarkCode, answers: list[Answered], scored: list[Item]
) -> dict[str, list[Any]]:
    """Return the columns of the items file."""
    columns: dict[str, list[Any]] = {
        "answer": [_integer(item.get("answer")) for item in scored],
        "correct": [_truth(item.get("correct")) for item in scored],
        "flags": [
            answer.flags(unparsed=bool(item.get("unparsed")))
            for answer, item in zip(answers, scored, strict=True)
        ],
        **code.parts([answer.row for answer in answers]),
    }
    further = dict.fromkeys(name for item in scored for name in item)
    for name in further:
        if name not in CONTRACT_COLUMNS:
            columns[name] = [item.get(name) for item in scored]
    return columns


def _integer(value: float | None) -> int | None:
    return None if value is None else int(value)


def _truth(value: float | None) -> bool | None:
    return None if value is None else bool(value)
