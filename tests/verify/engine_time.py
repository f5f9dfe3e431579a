"""Show how many times faster than lm-eval the engine is, and that generation computes little in vain."""

from tests.verify.engine_measured import few, generations, whole
from tests.verify.report import Context, require, shared_folder

POINT = 1

LEAST = {"mmlu": 12.0, "ceval": 10.0, "truthfulqa": 25.0, "bbq": 20.0}  # times faster than `HFLM`
QUICK_LEAST = 4.0  # of a few questions, beside another process
# Of the ratio at the floor, where that is below the least one: how long lm-eval takes over logits that nobody
# reads is the machine's doing, and nothing is faster than ideal batches of the distinct tokens.
AT_FLOOR = 0.9
# against the head-restricted one, of what sharing can reach by the sample's token ratio
SHARE = 0.7
POSITIONS = 1.15  # computed in generation, over those wanted


def show(context: Context) -> str:
    """Compare wall times with `HFLM`'s, as it is and with its head restricted, and generation's positions.

    The quick form's sample is too small for the full ones' ratios: what is done once per run weighs on it.

    Raises:
        ShortfallError: a ratio is too small, or too much is computed in vain.
    """
    folder = shared_folder() / "hub"
    broken = context.broken(POINT)
    found = few(folder, exact=True) if broken else whole(folder, quick=context.quick)
    said, reached = [], True
    for one in found.measured:
        least = QUICK_LEAST if context.quick or broken else LEAST[one.benchmark]
        reached &= one.against_plain >= min(least, AT_FLOOR * one.against_plain_at_floor)
        reached &= context.quick or broken or one.share_of_attainable >= SHARE
        said.append(
            f"{one.benchmark} x{one.against_plain:.1f} (least {least:.1f}; at the floor "
            f"x{one.against_plain_at_floor:.1f}), head-restricted "
            f"x{one.against_restricted:.1f} = {one.share_of_attainable:.2f} of what its head lets sharing "
            f"reach (least {SHARE}), {one.share_of_token_ratio:.2f} of its token ratio {one.counts.ratio:.1f}"
        )
    for generated in [] if broken else generations(folder, quick=context.quick):
        reached &= generated.our_share <= POSITIONS
        said.append(
            f"{generated.benchmark} generated: {generated.our_share:.3f} of the positions wanted, "
            f"HFLM {generated.plain_share:.2f}"
        )
    said += [
        f"computed for {total.items} items on {total.subject}: x{total.against_plain:.1f}, head-restricted "
        f"x{total.against_restricted:.1f}"
        for total in found.totals
    ]
    said.append(f"lm-eval's side took {found.lm_eval_seconds:.0f} s")
    require(reached, "; ".join(said))
    return "; ".join(said)
