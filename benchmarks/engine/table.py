"""Print what was measured as lines for a terminal."""

from collections.abc import Iterator, Sequence

from benchmarks.engine.generation import Generation
from benchmarks.engine.likelihoods import Measured
from benchmarks.engine.memory import Peaks
from benchmarks.engine.run import Report
from benchmarks.engine.samples import TITLES
from benchmarks.engine.tensors import LargestTensors

MIB = 2**20


def lines(report: Report) -> Iterator[str]:
    """Go through the report: the measurements, the full sets' counts, the totals."""
    yield (
        f"{'model':<8}{'benchmark':<20}{'items':>6}{'pairs':>6}{'rows':>6}{'HFLM s':>8}{'ours s':>8}"
        f"{'x HFLM':>8}{'x head':>8}{'tokens':>8}{'share':>7}{'reach':>7}{'fwd':>7}{'floor':>7}"
        f"{'max |dLL|':>11}{'turned':>7}{'near':>6}"
    )
    yield from map(line, report.measured)
    yield "x HFLM, x head: times faster than HFLM and than the one with a restricted head (medians);"
    yield "tokens: row by row over distinct; share: x head over tokens; reach: x head over what sharing can"
    yield "reach, since the head runs at each position that is read; fwd: forwarded over distinct;"
    yield "floor: our wall time over that of ideal batches, with tokenization"
    if report.missing:
        yield f"not reached in {report.plan.seconds:.0f} s: {', '.join(report.missing)}"
    for name, counts in report.full.items():
        yield (
            f"full {TITLES[name]}: {counts.items} items here, {counts.row_tokens} tokens row by row, "
            f"{counts.distinct} distinct, ratio {counts.ratio:.2f}"
        )
    for total in report.totals:
        yield (
            f"computed, not measured: {total.subject}, {total.items} items: {total.plain / 3600:.2f} h "
            f"with HFLM, {total.restricted / 3600:.2f} h with a restricted head, {total.ours / 3600:.2f} h "
            f"with ours: x {total.against_plain:.1f}, x {total.against_restricted:.1f}"
        )
    yield f"lm-eval's side took {report.lm_eval_seconds:.0f} s"


def line(one: Measured) -> str:
    """Return one benchmark's figures."""
    counts, agreement = one.counts, one.agreement
    theirs = sum(pair.plain.seconds for pair in one.pairs)
    ours = sum(pair.ours.seconds for pair in one.pairs)
    return (
        f"{one.subject:<8}{TITLES[one.benchmark]:<20}{counts.items:>6}{len(one.pairs):>6}"
        f"{f'{one.rows}/{one.rows_restricted}':>6}{theirs:>8.1f}{ours:>8.1f}{one.against_plain:>8.1f}"
        f"{one.against_restricted:>8.1f}{counts.ratio:>8.2f}{one.share_of_token_ratio:>7.2f}"
        f"{one.share_of_attainable:>7.2f}"
        f"{one.forwarded:>7.3f}{one.over_floor:>7.2f}{agreement.largest:>11.1e}{agreement.turned:>7}"
        f"{agreement.near:>6}"
    )


def without_tokenization(measured: Sequence[Measured]) -> Iterator[str]:
    """Go through the same ratios with tokenization left out on both sides."""
    for one in measured:
        yield (
            f"without tokenization, {one.subject} {TITLES[one.benchmark]}: x HFLM "
            f"{one.against_plain_computing:.1f}, x head {one.against_restricted_computing:.1f}, floor "
            f"{one.over_floor_computing:.2f}, floor of equal visibility {one.over_floor_visible:.2f}"
        )


def generated(one: Generation) -> str:
    """Return the figures of one generation."""
    return (
        f"generation {one.subject} {one.benchmark}: {one.items} items, {one.rows} rows: wanted "
        f"{one.wanted} positions, ours {one.ours.tokens} (x {one.our_share:.3f}), HFLM {one.plain.tokens} "
        f"(x {one.plain_share:.2f}; x {one.plain_share_unshared:.2f} of whole prompts); "
        f"{one.faster:.1f} times faster; {one.chosen}"
    )


def peak(one: Peaks) -> str:
    """Return one benchmark's peaks."""
    third = "" if one.restricted is None else f", restricted head {one.restricted / MIB:.0f}"
    return (
        f"memory {one.shape} {TITLES[one.benchmark]}: growth in MiB: ours {one.ours / MIB:.0f}, HFLM with "
        f"{one.rows} rows {one.plain / MIB:.0f}{third}"
    )


def tensors(found: LargestTensors) -> str:
    """Return the largest tensors at 2,048 tokens of context."""
    return (
        f"largest tensor at {found.context} tokens and a vocabulary of {found.vocabulary}: log-likelihoods "
        f"{found.likelihoods}, perplexity {found.perplexity}, HFLM {found.plain}"
    )
