"""Write the board's changes as an Atom feed (RFC 4287)."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from sitegen import plain
from sitegen.machines.addresses import absolute
from sitegen.machines.changes import Change

PATH = "feed.xml"
PAGE = "changes/index.html"
ENTRIES = 50
NO_CHANGE = "1970-01-01T00:00:00Z"  # a feed must say when it was updated


def atom(url: str, changes: Sequence[Change]) -> str:
    """Return the feed of the newest changes; each one's id is where it stands on the site."""
    updated = changes[0].time if changes else NO_CHANGE
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">',
        "<title>quantboard: changes</title>",
        "<subtitle>New, repeated and withdrawn results of quantized language models</subtitle>",
        f"<id>{escape(absolute(url, PATH))}</id>",
        f'<link rel="self" type="application/atom+xml" href={quoteattr(absolute(url, PATH))}/>',
        f'<link rel="alternate" type="text/html" href={quoteattr(absolute(url, PAGE))}/>',
        f"<updated>{escape(updated)}</updated>",
        "<author><name>quantboard</name></author>",
        *(_entry(url, one) for one in changes[:ENTRIES]),
        "</feed>",
    ]
    return "\n".join(lines) + "\n"


def _entry(url: str, change: Change) -> str:
    address = f"{absolute(url, PAGE)}#{change.anchor}"
    summary = plain.line(change.summary, 2 * plain.SHOWN) or change.title
    return (
        f"<entry><title>{escape(plain.line(change.title))}</title><id>{escape(address)}</id>"
        f'<link rel="alternate" type="text/html" href={quoteattr(address)}/>'
        f"<updated>{escape(change.time)}</updated>"
        f'<category term="{change.kind}"/><summary>{escape(summary)}</summary></entry>'
    )
