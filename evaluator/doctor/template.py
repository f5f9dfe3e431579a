"""Check what the chat template makes of a conversation."""

from pathlib import Path
from typing import TYPE_CHECKING

from jinja2.exceptions import TemplateError

from evaluator.doctor.asking import engine, rendered, tokenizer_of
from evaluator.doctor.findings import Finding, error, ok, warning

if TYPE_CHECKING:
    from evaluator.models import Loaded
    from evaluator.scoring.engine import Engine

CHECK = "chat template"
SYSTEM, USER = "SYSTEM-LINE-7", "USER-LINE-3"


def chat_template(loaded: "Loaded", base: Path | None) -> list[Finding]:
    """Check that turns reach the model: the user's, the system line, and where the answer begins."""
    tokenizer = loaded.tokenizer
    if not tokenizer.chat_template:
        return [_without(base)]
    asking = engine(loaded, chat=True)
    asked = rendered(asking, USER)
    if asked is None:
        return [error(CHECK, "it fails on a single turn of the user; copy the base model's")]
    if USER not in asked:
        return [error(CHECK, "it drops the user's turn; copy the base model's")]
    found = [] if asked != rendered(asking, USER, answering=False) else [_without_answer()]
    found += _system(asking)
    if base is not None and (theirs := tokenizer_of(base).chat_template) != tokenizer.chat_template:
        whose = "another" if theirs else "none"
        found.append(
            warning(CHECK, f"the baseline has {whose}, so prompts differ; take the same for both")
        )
    return found or [ok(CHECK, "it keeps the system line and the user's turn")]


def _without_answer() -> Finding:
    return warning(
        CHECK,
        "it opens no turn for the answer (add_generation_prompt changes nothing), so the model may go on "
        "with the question; compare with the base model's",
    )


def _without(base: Path | None) -> Finding:
    if base is not None and tokenizer_of(base).chat_template:
        return error(CHECK, "the baseline has one, this tokenizer hasn't; copy chat_template.jinja")
    return warning(CHECK, "there is none: suites of chat turns ask in plain text")


def _system(asking: "Engine") -> list[Finding]:
    """Return what becomes of a system line: kept, refused with an error, or dropped without one."""
    if asking.takes_system_role():
        return []
    turns = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": USER}]
    try:
        asking.tokenizer.apply_chat_template(turns, tokenize=False)
    except TemplateError:
        return [ok(CHECK, "it refuses a system line, so suites leave theirs out and say so")]
    return [
        warning(
            CHECK, "it drops the system line without an error; suites leave theirs out and say so"
        )
    ]
