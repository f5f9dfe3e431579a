"""Check how text becomes tokens: the beginning-of-sequence token, the way back to text, the vocabulary."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluator.doctor.asking import engine, rendered, tokenizer_of
from evaluator.doctor.findings import PROSE, TEXTS, Finding, error, ok, warning
from evaluator.doctor.likelihood import mean_loss

if TYPE_CHECKING:
    from evaluator.models import Loaded

BEGINNING = "beginning of sequence"
ROUND_TRIP = "tokenizer round trip"
VOCABULARY = "baseline's vocabulary"
HELPS = 0.3  # nats per token by which BOS must lower the loss before its absence counts as a fault


def beginning(loaded: "Loaded") -> list[Finding]:
    """Check that prompts begin with one BOS token where the model wants it, and never with two.

    Whether the model wants one is measured, as the loss on two short texts with and without it: a tokenizer
    that forgets it can't tell. Gemma's models, for one, lose all sense without (lm-eval issue 1465).
    """
    token = loaded.tokenizer.bos_token_id
    if token is None:
        return [ok(BEGINNING, "the tokenizer has no such token")]
    counts = {kind: _leading(ids, token) for kind, ids in _prompts(loaded).items()}
    doubled = [kind for kind, count in counts.items() if count > 1]
    if doubled:
        return [
            error(
                BEGINNING,
                f"{' and '.join(doubled)} begin with {max(counts.values())} tokens "
                f"{loaded.tokenizer.bos_token}; take it out of the chat template or of the tokenizer",
            )
        ]
    without, with_it = _losses(loaded, token)
    figures = f"{without:.2f} nats per token without it, {with_it:.2f} with it"
    if min(counts.values()) == 0 and without - with_it > HELPS:
        missing = " and ".join(kind for kind, count in counts.items() if count == 0)
        return [
            error(
                BEGINNING,
                f"{missing} begin without {loaded.tokenizer.bos_token}, which this model needs ({figures}); "
                "set add_bos_token to true in tokenizer_config.json",
            )
        ]
    shown = ", ".join(f"{count} in {kind}" for kind, count in counts.items())
    return [ok(BEGINNING, f"{shown} ({figures})")]


def _prompts(loaded: "Loaded") -> dict[str, list[int]]:
    """Return the token ids of a plain prompt and of a chat's, as the evaluation encodes them."""
    plain = engine(loaded, chat=False)
    found = {"plain prompts": plain.tok_encode(PROSE[0])}
    asking = engine(loaded, chat=True)
    if asking.has_template and (text := rendered(asking, PROSE[0])) is not None:
        found["chat prompts"] = asking.tok_encode(text)
    return found


def _leading(ids: list[int], token: int) -> int:
    count = 0
    while count < len(ids) and ids[count] == token:
        count += 1
    return count


def _losses(loaded: "Loaded", token: int) -> tuple[float, float]:
    """Return the mean loss on plain texts without and with BOS, over the same tokens."""
    texts = [loaded.tokenizer.encode(text, add_special_tokens=False) for text in PROSE]
    without = mean_loss(loaded.model, texts, skip=1)
    return without, mean_loss(loaded.model, [[token, *ids] for ids in texts], skip=2)


def round_trip(loaded: "Loaded") -> list[Finding]:
    """Check that texts come back from their tokens, and that the model has a row for each token."""
    tokenizer = loaded.tokenizer
    rows = loaded.model.get_input_embeddings().weight.shape[0]
    highest = max(tokenizer.get_vocab().values())
    if highest >= rows:
        return [
            error(
                ROUND_TRIP,
                f"the tokenizer has ids up to {highest}, the model's embedding only {rows} rows; take the "
                "tokenizer that belongs to the model",
            )
        ]
    changed = [(text, back) for text in TEXTS if (back := _back(tokenizer, text)) != text]
    lost = [pair for pair in changed if "".join(pair[0].split()) != "".join(pair[1].split())]
    if lost:
        return [
            error(
                ROUND_TRIP,
                f"{len(lost)} of {len(TEXTS)} texts come back changed, {_shown(lost[0][0])} as "
                f"{_shown(lost[0][1])}; copy the tokenizer's files from the base model anew",
            )
        ]
    spaced = [pair for pair in changed if pair[0].strip() != pair[1].strip()]
    if spaced:
        return [
            warning(
                ROUND_TRIP,
                f"{len(spaced)} of {len(TEXTS)} texts come back with other spaces, {_shown(spaced[0][0])} as "
                f"{_shown(spaced[0][1])}; set clean_up_tokenization_spaces to false",
            )
        ]
    return [ok(ROUND_TRIP, f"{len(TEXTS)} texts come back unchanged")]


def _back(tokenizer: Any, text: str) -> str:
    ids = tokenizer.encode(text, add_special_tokens=False)
    return str(tokenizer.decode(ids))


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def baseline_vocabulary(loaded: "Loaded", base: Path) -> list[Finding]:
    """Check that model and baseline cut text into the same tokens, as pairing token by token needs."""
    other = tokenizer_of(base)
    own, theirs = loaded.tokenizer.get_vocab(), other.get_vocab()
    differ = {token for token in own.keys() | theirs.keys() if own.get(token) != theirs.get(token)}
    if differ:
        return [
            error(
                VOCABULARY,
                f"{len(differ)} tokens differ from the baseline's, {min(differ)!r} for one; likelihoods and "
                "perplexity can't be compared: take the baseline's tokenizer",
            )
        ]
    cut = [text for text in TEXTS if _ids(loaded.tokenizer, text) != _ids(other, text)]
    if cut:
        return [
            error(
                VOCABULARY,
                f"the same vocabulary, but {_shown(cut[0])} is cut into other tokens than the baseline's; "
                "copy tokenizer.json and tokenizer_config.json from the baseline",
            )
        ]
    rows = loaded.model.get_input_embeddings().weight.shape[0]
    wanted = json.loads((base / "config.json").read_text("utf-8")).get("vocab_size", rows)
    if rows != wanted:
        return [
            warning(
                VOCABULARY,
                f"the same tokens, but {rows} rows of logits instead of {wanted}: the rest is padding",
            )
        ]
    return [ok(VOCABULARY, f"the same {len(own)} tokens")]


def _ids(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text)
    return ids
