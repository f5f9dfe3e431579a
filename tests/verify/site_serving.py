"""Serve a built site as a host would, open it in Debian's chromium, and know its kinds of pages."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.browser.reader import FLAGS, chromium, watched
from tests.verify.report import require

THEMES = ("light", "dark")
WIDTHS = (390, 1440)
SECONDS_KEPT = 600  # how long GitHub Pages lets a browser keep a file
PACKED = (".html", ".css", ".js", ".json", ".svg", ".xml", ".csv")
KINDS = {
    "board": "index.html",
    "family": "families/*/index.html",
    "entry": "entries/simulated--*/*/index.html",
    "reported entry": "entries/[!s]*/*/index.html",
    "what fits": "fit/index.html",
    "benchmarks": "benchmarks/index.html",
    "benchmark": "benchmarks/paper/mmlu/index.html",
    "methods": "methods/index.html",
    "method": "methods/gptq/index.html",
    "findings": "findings/index.html",
    "methodology": "methodology/index.html",
    "changes": "changes/index.html",
    "submit": "submit/index.html",
    "not found": "404.html",
}


def one_of_each_kind(site: Path) -> dict[str, str]:
    """Return a page of each kind by the kind's name, relative to the site: the largest there is.

    Raises:
        ShortfallError: a kind has no page.
    """
    found = {kind: sorted(site.glob(pattern), key=_size) for kind, pattern in KINDS.items()}
    missing = [kind for kind, pages in found.items() if not pages]
    require(not missing, f"the site has no page of kind {', '.join(missing)}")
    return {kind: pages[-1].relative_to(site).as_posix() for kind, pages in found.items()}


def _size(page: Path) -> tuple[int, str]:
    return page.stat().st_size, str(page)


class Host(SimpleHTTPRequestHandler):
    """A file server that packs texts by gzip, lets browsers keep files, and says nothing."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Send a file, packed where the browser takes that."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            return self.send_error(404)
        packed = path.suffix in PACKED and "gzip" in self.headers.get("Accept-Encoding", "")
        content = _packed(path, path.stat().st_mtime_ns) if packed else path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", f"max-age={SECONDS_KEPT}")
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with suppress(ConnectionError):  # of a browser that has gone to another page
            self.wfile.write(content)


@lru_cache(maxsize=256)
def _packed(path: Path, written: int) -> bytes:
    return gzip.compress(path.read_bytes())


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a site on a free port of this machine, and give its address, which ends in a slash."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Host, directory=str(site))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


def chromium_path() -> str:
    """Return Debian's chromium.

    Raises:
        ShortfallError: none is installed.
    """
    path = chromium()
    require(path is not None, "no chromium is installed; apt-get install chromium")
    return str(path)


@contextmanager
def browser() -> Iterator[Any]:
    """Start chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield running
        running.close()


@contextmanager
def opened(running: Any, troubles: list[str], **settings: Any) -> Iterator[Any]:
    """Open a page; what it logs, shows as a dialog, fails at and asks of other hosts goes into `troubles`."""
    with watched(running, troubles, **settings) as page:
        page.on("dialog", lambda dialog: _note_dialog(dialog, troubles))
        yield page


def _note_dialog(dialog: Any, troubles: list[str]) -> None:
    troubles.append(f"dialog: {dialog.message}")
    dialog.dismiss()
