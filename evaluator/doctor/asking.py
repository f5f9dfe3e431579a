"""Make the engine that the evaluation itself asks with, so that what is checked is what will be done."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2.exceptions import TemplateError

from evaluator.scoring.computing import Computing
from evaluator.scoring.engine import Engine
from evaluator.scoring.quiet import quiet

if TYPE_CHECKING:
    from evaluator.models import Loaded


def engine(loaded: "Loaded", *, chat: bool) -> Engine:
    """Return an engine for chat turns or for plain prompts."""
    with quiet():
        return Engine(
            loaded.model,
            loaded.tokenizer,
            loaded.context_length,
            Computing(batch_size=1),
            chat=chat,
            progress=False,
        )


@cache
def tokenizer_of(base: Path) -> Any:
    """Return the baseline's tokenizer, loaded once for every check that compares with it."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(base, trust_remote_code=False, local_files_only=True)


def rendered(asking: Engine, text: str, *, answering: bool = True) -> str | None:
    """Return one user's turn as the tokenizer's own template writes it; None where that fails."""
    turn = [{"role": "user", "content": text}]
    try:
        return str(
            asking.tokenizer.apply_chat_template(
                turn, tokenize=False, add_generation_prompt=answering
            )
        )
    except TemplateError:
        return None
