"""Keep the tokens of a benchmark's requests, for every variant of one base: they share its tokenizer.

A file is named by the hash of everything that determines the tokens, and holds it too: the tokenizer with its
settings, the texts, the packages' versions. It is a NumPy archive without pickled objects. A file that is
damaged, or says that it holds other tokens, counts as none: tokens are made again, and it is replaced.
"""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Any

import numpy as np

from evaluator import environment
from evaluator.files import sha256_text, write_atomically
from evaluator.results import canonical_json
from evaluator.scoring.pair_encoding import EncodedPairs, Encoder, Pair, encode_pairs

SCHEMA = 1
PACKAGES = ("tokenizers", "transformers", "sentencepiece", "lm_eval", "quantboard")
PROBES = ("", " ", "a", " The  end.\n\nAnswer: 42", "häufig 中文 \u0001 <s></s><|im_start|>")
FIELDS = ("tokens", "offsets", "contexts", "continuations")


def tokens_of(
    pairs: Sequence[Pair], encoder: Encoder, tokenizer: Mapping[str, Any], folder: Path | None
) -> EncodedPairs:
    """Return the tokens of (context, continuation) requests, from the folder where they are kept.

    `tokenizer` is its `tokenizer_identity`. Without a folder nothing is kept.

    Raises:
        OSError: the folder can't be written.
    """
    if folder is None:
        return encode_pairs(pairs, encoder)
    identity = canonical_json(
        {
            "schema": SCHEMA,
            "tokenizer": dict(tokenizer),
            "probes": _probes(encoder),
            "chat": encoder.chat,
            "prefix": encoder.prefix,
            "pairs": pairs_digest(pairs),
            "packages": {
                name: version
                for name, version in environment.packages().items()
                if name in PACKAGES
            },
        }
    )
    file = folder / f"{sha256_text(identity)}.npz"
    found = _read(file, identity)
    if found is None:
        found = encode_pairs(pairs, encoder)
        write_atomically(file, _archive(found, identity))
    return found


def _probes(encoder: Encoder) -> list[Any]:
    """Return what a few texts become: a setting that nobody thought of shows in them."""
    return [encoder.encode(PROBES), encoder.encode_rest(PROBES)]


def pairs_digest(pairs: Sequence[Pair]) -> str:
    """Return a hash of all texts in their order; equal contexts are hashed once."""
    contexts = {
        context: number for number, context in enumerate(dict.fromkeys(one for one, _ in pairs))
    }
    digest = blake2b(digest_size=32)
    for context in contexts:
        _update(digest, context)
    for context, continuation in pairs:
        digest.update(contexts[context].to_bytes(8, "little"))
        _update(digest, continuation)
    return digest.hexdigest()


def _update(digest: Any, text: str) -> None:
    content = text.encode("utf-8", "surrogatepass")
    digest.update(len(content).to_bytes(8, "little"))
    digest.update(content)


def tokenizer_identity(tokenizer: Any) -> dict[str, Any]:
    """Return what determines how a tokenizer of transformers' encodes: hashes of its content, settings."""
    special = {name: str(token) for name, token in tokenizer.special_tokens_map.items()}
    return {
        "class": type(tokenizer).__qualname__,
        "content": sha256(_content(tokenizer).encode("utf-8", "surrogatepass")).hexdigest(),
        "special": special,
        "settings": {
            name: getattr(tokenizer, name, None)
            for name in (
                "add_bos_token",
                "add_eos_token",
                "truncation_side",
                "split_special_tokens",
            )
        },
    }


def _content(tokenizer: Any) -> str:
    """Return a tokenizer's whole content, without the truncation and padding of the last call."""
    if tokenizer.is_fast:
        return _without_last_call(tokenizer.backend_tokenizer.to_str())
    files = [Path(file) for file in vars(tokenizer).values() if _is_file(file)]
    return json.dumps(
        {
            "vocabulary": tokenizer.get_vocab(),
            "added": {
                number: repr(token) for number, token in tokenizer.added_tokens_decoder.items()
            },
            "files": sorted(sha256(file.read_bytes()).hexdigest() for file in files),
        },
        sort_keys=True,
    )


@lru_cache(maxsize=4)  # each benchmark asks this of one tokenizer, which takes long to read
def _without_last_call(content: str) -> str:
    return json.dumps({**json.loads(content), "truncation": None, "padding": None})


def _is_file(value: Any) -> bool:
    return isinstance(value, str) and Path(value).is_file()


def _archive(encoded: EncodedPairs, identity: str) -> bytes:
    stream = io.BytesIO()
    arrays: dict[str, Any] = {name: getattr(encoded, name) for name in FIELDS}
    np.savez(stream, identity=np.frombuffer(identity.encode(), np.uint8), **arrays)
    return stream.getvalue()


def _read(file: Path, identity: str) -> EncodedPairs | None:
    """Return what a file holds, or None where it is missing, damaged, or holds other tokens."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            if archive["identity"].tobytes() != identity.encode():
                return None
            return EncodedPairs(**{name: archive[name] for name in FIELDS})
    except (FileNotFoundError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
