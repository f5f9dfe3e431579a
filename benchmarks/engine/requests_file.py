"""Hand requests to another process: a model's shape, its tokenizer's file and the texts, as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.engine.models import Shape


def write(file: Path, shape: Shape, tokenizer: Path, instances: Sequence[Any]) -> None:
    """Write what another process needs to ask the same."""
    requests = [[one.args, one.task_name, one.doc_id, one.idx] for one in instances]
    content = {"shape": asdict(shape), "tokenizer": str(tokenizer), "requests": requests}
    file.write_text(json.dumps(content), encoding="utf-8")


def read(file: Path) -> tuple[Shape, Path, list[Any]]:
    """Return shape, tokenizer's file and requests."""
    from lm_eval.api.instance import Instance

    content = json.loads(file.read_text("utf-8"))
    instances = [
        Instance("loglikelihood", {}, tuple(texts), idx, (task, row, 1))
        for texts, task, row, idx in content["requests"]
    ]
    return Shape(**content["shape"]), Path(content["tokenizer"]), instances
