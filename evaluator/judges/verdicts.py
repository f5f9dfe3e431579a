"""Keep a judge's answers by their content, so that nothing is asked, or paid, twice.

One small file per answer, under the judge's identity and the hash of the question: a run that was
interrupted goes on where it stopped, and two models that gave the same response get the same verdict.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm  # type: ignore[import-untyped]

from evaluator.files import sha256_text, write_atomically
from evaluator.judges.records import Judge, Reply
from evaluator.results import JudgeUsed, canonical_json


class Verdicts:
    """The answers of one judge that are kept in a folder."""

    def __init__(self, folder: Path, judge: JudgeUsed) -> None:
        """Take the folder of all judges' verdicts, and the judge's description."""
        self.folder = folder / sha256_text(canonical_json(judge))[:32]

    def _file(self, question: str) -> Path:
        return self.folder / f"{sha256_text(question)}.json"

    def find(self, question: str) -> Reply | None:
        """Return the kept answer to a question; null where there is none that can be read."""
        try:
            return Reply(**json.loads(self._file(question).read_text(encoding="utf-8")))
        except (
            OSError,
            ValueError,
            TypeError,
        ):  # missing, or from another version: it is asked again
            return None

    def keep(self, question: str, reply: Reply) -> None:
        """Write an answer down, whole or not at all."""
        write_atomically(self._file(question), json.dumps(asdict(reply)) + "\n")


def missing(kept: Verdicts, questions: Sequence[str]) -> list[str]:
    """Return the questions without a kept answer, each once, in order."""
    return [one for one in dict.fromkeys(questions) if kept.find(one) is None]


def collect(
    judge: Judge, kept: Verdicts, questions: Sequence[str], *, progress: bool
) -> list[Reply]:
    """Return the answer to each question, asking the judge only what isn't kept.

    Raises:
        JudgeError: the judge gives no answer for good.
    """
    wanted = missing(kept, questions)
    with tqdm(total=len(wanted), desc="Judging", disable=not progress) as bar:

        def keep(number: int, reply: Reply) -> None:
            kept.keep(wanted[number], reply)
            bar.update()

        if wanted:
            judge.ask(wanted, keep)
    found = {one: kept.find(one) for one in set(questions)}
    return [_present(found[one]) for one in questions]


def _present(reply: Reply | None) -> Reply:
    if reply is None:
        raise RuntimeError("a judge answered, and its answer wasn't kept")
    return reply
