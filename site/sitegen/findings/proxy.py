"""Finding: perplexity stands in for scores. Also what a benchmark's page says of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evaluator.statistics.correlation import Correlation, pearson, within_groups
from sitegen import words
from sitegen.board import Board
from sitegen.charts import findings as charts
from sitegen.findings import points as made
from sitegen.findings.parts import Finding, Line, Part, Sheet, source_name
from sitegen.findings.verdicts import FAMILIES, Kind, Verdict, lacking

BITS = (3, 4)
STRONG = 0.5
FEWEST = 8
SPARE = 3  # entries beside one of each family, for a correlation within families
NOUN = "entries of 3 or 4 bits with perplexity and score"
WORDS: dict[Kind, str] = {
    "supported": "strong",
    "not supported": "weak or opposite",
    "undecided": "undecided",
    "not enough measured": "not enough entries",
}
PLAIN: dict[Kind, str] = {
    "supported": "Among the variants of one base model, perplexity predicts it strongly.",
    "not supported": "Among the variants of one base model, perplexity says little of it, or the opposite.",
    "undecided": "Among the variants of one base model, these entries leave open how strongly perplexity "
    "predicts it.",
}
ALIKE = "All entries of a family score alike, so there is nothing that perplexity could predict."
SPARSE = (
    "Not enough measured yet: each family has too few entries with different perplexities to see what is "
    "left within it."
)
COMPUTED = "r is computed here from the paper's tables, whose own values may differ."
FINDING = Finding(
    "perplexity",
    "Perplexity stands in for scores",
    "perplexity can serve as a proxy metric for quantized LLMs on most benchmarks",
    "Abstract; section 5, Table 3",
    "Pearson's r between the mean perplexity and each benchmark over the entries of 3 and 4 bits, as in the "
    "paper: 8 bits hardly differ, and 2 bits may collapse. Across entries, a larger model has lower "
    "perplexity and higher scores whatever was done to it. Within families, each base "
    "model's mean is taken out of the score and of the logarithm of the perplexity, so that only "
    "quantization is left: the verdict is by this. A benchmark agrees where the whole interval is stronger "
    f"than {STRONG}, in the direction that scores fall, or bias grows, as perplexity rises, and disagrees "
    "where the whole interval is weaker; of what a paper reports r alone counts. The claim is supported "
    "where more than half of the benchmarks that can be tested agree, not supported where at least half of "
    "them disagree, and else undecided.",
)


@dataclass(frozen=True)
class Proxy:
    """How closely one benchmark follows the perplexity; None where there are too few entries.

    Attributes:
        alike: whether there are enough entries, but those of each family score alike.
    """

    benchmark: str
    title: str
    pooled: Correlation | None
    within: Correlation | None
    kind: Kind
    entries: int
    families: int
    alike: bool = False

    @property
    def enough(self) -> bool:
        """Say whether there are as many entries and families as a correlation takes."""
        return self.entries >= FEWEST and self.families >= FAMILIES


def usable(points: pd.DataFrame) -> pd.DataFrame:
    """Return the entries of 3 and 4 bits that have a perplexity."""
    found = points[points["bits"].isin(BITS) & ~points["is_base"].astype(bool)]
    return found.dropna(subset=["perplexity"])


def proxies(table: Board, points: pd.DataFrame) -> list[Proxy]:
    """Return both correlations of each benchmark of the score."""
    shown = usable(points)
    titles = {one.name: one.title for one in table.weighed}
    directions = {name: one.direction for name, one in made.definitions(table).items()}
    return [
        _proxy(
            shown.dropna(subset=[name]), name, title, directions[name], measured=table.paper is None
        )
        for name, title in titles.items()
    ]


def _proxy(shown: pd.DataFrame, name: str, title: str, direction: str, *, measured: bool) -> Proxy:
    entries, families = len(shown), int(shown["family"].nunique())
    empty = Proxy(name, title, None, None, "not enough measured", entries, families)
    if not empty.enough:
        return empty
    values = shown[name].abs() if direction == "zero" else shown[name]
    perplexity, score = shown["perplexity"].to_numpy(float), values.to_numpy(float)
    pooled = _or_none(lambda: pearson(perplexity, score))
    within = _or_none(lambda: within_groups(np.log(perplexity), score, shown["family"].tolist()))
    vary = bool((values.groupby(shown["family"]).nunique() > 1).any())
    alike = within is None and not vary and entries - families >= SPARE
    found = replace(empty, pooled=pooled, within=within, alike=alike)
    return replace(found, kind=_kind(within, -1 if direction == "higher" else 1, measured))


def _or_none(correlate: Callable[[], Correlation]) -> Correlation | None:
    """Return a correlation; None of values that don't vary."""
    try:
        return correlate()
    except ValueError:
        return None


def _kind(found: Correlation | None, sign: int, measured: bool) -> Kind:
    if found is None:
        return "not enough measured"
    low, high = sorted(sign * end for end in (found.ci95 if measured else (found.r, found.r)))
    if low >= STRONG:
        return "supported"
    return "not supported" if high < STRONG else "undecided"


def part(key: str, table: Board, points: pd.DataFrame) -> Part:
    """Test the claim on one board's entries."""
    found = proxies(table, points)
    told = _verdict(found)
    if all(one.pooled is None for one in found):
        return Part(key, source_name(table), table.paper, told)
    measured = table.paper is None
    figure = charts.correlations(key, frame(found, measured=measured))
    shown = sheet(found, measured=measured)
    remark = "" if measured else COMPUTED
    return Part(key, source_name(table), table.paper, told, figure, shown, remark=remark)


def _verdict(found: list[Proxy]) -> Verdict:
    kinds = [one.kind for one in found]
    tested = len(found) - kinds.count("not enough measured")
    if not tested and any(one.alike for one in found):
        return Verdict("undecided", ALIKE)
    if not tested and any(one.enough for one in found):
        return Verdict("not enough measured", SPARSE)
    if not tested:
        entries = max((one.entries for one in found), default=0)
        families = max((one.families for one in found), default=0)
        return lacking(entries, families, NOUN, FEWEST)
    agree, against = kinds.count("supported"), kinds.count("not supported")
    left = kinds.count("undecided")
    told = f"Within families, perplexity follows {agree} of {tested} benchmarks strongly, "
    told += f"{against} weakly or the other way"
    told += f"; {left} can't be decided." if left else "."
    if 2 * agree > tested:
        return Verdict("supported", told)
    return Verdict("not supported" if 2 * against >= tested else "undecided", told)


def frame(found: list[Proxy], *, measured: bool) -> pd.DataFrame:
    """Return what the chart of correlations shows; without intervals of what a paper reports."""
    records = []
    for one in found:
        for way, correlation in (("across entries", one.pooled), ("within families", one.within)):
            if correlation is not None:
                low, high = correlation.ci95 if measured else (None, None)
                records.append(
                    {
                        "benchmark": one.title,
                        "way": way,
                        "r": correlation.r,
                        "low": low,
                        "high": high,
                    }
                )
    return pd.DataFrame(records, columns=["benchmark", "way", "r", "low", "high"])


def sheet(found: list[Proxy], *, measured: bool) -> Sheet:
    """Return the correlations as a table."""
    lines = [
        Line(
            one.title,
            (
                written(one.pooled, interval=measured),
                written(one.within, interval=measured),
                str(one.entries),
                str(one.families),
                "all alike" if one.alike else WORDS[one.kind],
            ),
        )
        for one in found
    ]
    heads = ("Benchmark", "r across entries", "r within families", "Entries", "Families", "Within")
    text = "Pearson's r with the perplexity" + (
        ", with 95 % intervals by Fisher." if measured else "."
    )
    return Sheet(heads, lines, f"{text} Bias is its distance from 0.")


def told(one: Proxy) -> str:
    """Say in one sentence how strongly the perplexity predicts a benchmark within families."""
    if one.alike:
        return ALIKE
    if one.enough and one.within is None:
        return SPARSE
    if one.kind == "not enough measured" or one.within is None:
        return lacking(one.entries, one.families, NOUN, FEWEST).reason
    return PLAIN[one.kind]


def written(found: Correlation | None, *, interval: bool = True) -> str:
    """Return `−0.94 (−0.98 to −0.80)`."""
    if found is None:
        return "–"
    low, high = (words.number(end, 2) for end in found.ci95)
    return words.number(found.r, 2) + (f" ({low} to {high})" if interval else "")
