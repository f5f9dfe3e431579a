"""Know where the files for machines stand, and the site's own address where it has one."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from evaluator.errors import InputError

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
API = "api/v1"


@dataclass(frozen=True)
class Published:
    """Where a site will stand, and the repository whose files it shows; None where that isn't known."""

    url: str | None = None
    repository: str | None = None

    def checked(self) -> "Published":
        """Return both with a slash at the end.

        Raises:
            InputError: one can't be an address.
        """
        url, repository = self.url, self.repository
        return Published(
            None if url is None else checked(url, "the site's address"),
            None if repository is None else checked(repository, "the repository's address"),
        )


def checked(url: str, called: str) -> str:
    """Return an address with a slash at its end.

    Raises:
        InputError: it isn't https (or http on this machine), or holds more than host and path.
    """
    refusal = InputError(
        f"{url[:200]!r} can't be {called}; give one such as https://example.org/board/ "
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
