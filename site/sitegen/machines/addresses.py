"""Know where the files for machines stand, and the site's own address where it has one."""

import re
from urllib.parse import quote, urlsplit

from evaluator.errors import InputError

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
API = "api/v1"


def checked(url: str) -> str:
    """Return a site's address with a slash at its end.

    Raises:
        InputError: it isn't https (or http on this machine), or holds more than host and path.
    """
    refusal = InputError(
        f"{url[:200]!r} can't be the site's address; give one such as https://example.org/board/ "
        "(http only for localhost), without query, fragment or user"
    )
    if not re.fullmatch(r"[A-Za-z0-9:/._~%\[\]-]+", url):
        raise refusal
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise refusal from None
    if not host or not (
        parts.scheme == "https" or (parts.scheme == "http" and host in LOCAL_HOSTS)
    ):
        raise refusal
    return url.rstrip("/") + "/"


def absolute(url: str | None, path: str) -> str:
    """Return the address of a path from the site's root, without `index.html`; with no address, the path."""
    if url is None:
        return path
    return url + re.sub(r"(^|/)index\.html$", r"\1", path)


def entry_page(name: str) -> str:
    """Return an entry's page, from the site's root."""
    return quote(f"entries/{name}/index.html")


def family_page(family: str) -> str:
    """Return a family's page, from the site's root."""
    return quote(f"families/{family}/index.html")


def card(page: str) -> str:
    """Return the picture of a page where it is shared: an entry's or a family's own, else the site's."""
    if page.startswith(("entries/", "families/")):
        return page.removesuffix("index.html") + "card.png"
    return "card.png"
