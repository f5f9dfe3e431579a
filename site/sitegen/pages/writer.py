"""Collect the site's pages and files by path, each path once."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import jinja2

from evaluator.errors import InputError
from sitegen.machines import addresses
from sitegen.render import to_root

Sink = Callable[[str, bytes], None]


class Pages:
    """Files by path, handed on as they are made; two on one path is an error."""

    def __init__(self, environment: jinja2.Environment, sink: Sink, url: str | None = None) -> None:
        """Begin with no files; `sink` takes each path with its content, `url` is the site's address."""
        self.environment = environment
        self.url = url
        self.paths: set[str] = set()
        self._sink = sink

    def add(self, path: str, content: str | bytes) -> None:
        """Add a file.

        Raises:
            InputError: there is one on this path already.
        """
        if path in self.paths:
            raise InputError(f"two pages would be written to {path}; rename one of them")
        self.paths.add(path)
        self._sink(path, content.encode() if isinstance(content, str) else content)

    def render(
        self, path: str, template: str, *, title: str, description: str, **context: Any
    ) -> None:
        """Add a page made from a template."""
        page = self.environment.get_template(template)
        common = {
            "root": to_root(path),
            "section": "",
            "title": title,
            "description": description,
            "canonical": self.url and addresses.absolute(self.url, quote(path)),
            "card": self.url and addresses.absolute(self.url, quote(addresses.card(path))),
            "dataset": None,
        }
        self.add(path, page.render({**common, **context}))
