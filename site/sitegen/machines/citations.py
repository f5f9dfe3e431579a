"""Say how to cite an entry, as BibTeX, from what is known of it."""

import re

from sitegen import plain
from sitegen.entries import SiteEntry
from sitegen.machines.addresses import absolute, entry_page
from sitegen.machines.index_files import newest

LONGEST = 1000  # characters of a submission's own citation
# What BibTeX or LaTeX would read as a command, or as the end of a field.
_COMMANDS = re.compile(r"[\\{}\"%#$&~^_@]")


def citation(entry: SiteEntry, url: str | None) -> str:
    """Return an entry's BibTeX; where a paper reports it, or its submission says how, that is noted."""
    measured = newest([entry])
    fields = {
        "author": "{quantboard}",
        "title": f"{entry.variant} of {entry.family.replace('--', '/', 1)}: results on quantboard",
        "year": measured[:4] if measured else "",
        "note": _note(entry, measured),
        "url": absolute(url, entry_page(entry.name)) if url else "",
    }
    lines = [
        f"  {name} = {{{text if name in ('author', 'url') else _safe(text)}}},"
        for name, text in fields.items()
        if text
    ]
    return "\n".join([f"@misc{{quantboard-{_key(entry.name)},", *lines, "}"])


def _note(entry: SiteEntry, measured: str | None) -> str:
    cited = plain.line(entry.submission.citation or "", LONGEST)
    if entry.paper is not None:
        return f"Reported in: {cited}"
    parts = [
        f"Measured until {measured[:10]}." if measured else "",
        f"Model: {cited}" if cited else "",
    ]
    return " ".join(filter(None, parts))


def _key(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name)


def _safe(text: str) -> str:
    """Return text that LaTeX sets as it stands: what it keeps for itself is escaped or a space."""
    kept = _COMMANDS.sub(lambda one: f"\\{one[0]}" if one[0] in "%#$&_" else " ", text)
    return " ".join(kept.split())
