"""Say whether two results of one benchmark may be compared: the same protocol, items, words and judge."""

from evaluator.results import UnitResult, different_judges


def differing_fields(result: UnitResult, base: UnitResult) -> list[str]:
    """Return one sentence for each field that forbids comparing two results; none where they compare."""
    found = []
    if result.suite != base.suite:
        found.append(f"suite versions differ: {result.suite} and {base.suite}")
    if _fingerprints(result) != _fingerprints(base):
        found.append("data-set fingerprints differ: the two did not answer the same items")
    if result.provenance.prompt_hash != base.provenance.prompt_hash:
        found.append("prompt hashes differ: the two were asked in different words")
    judges = different_judges(result, base)
    return [*found, judges] if judges else found


def _fingerprints(result: UnitResult) -> list[str]:
    return [one.fingerprint for one in result.provenance.datasets]
