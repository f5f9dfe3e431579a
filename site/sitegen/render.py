"""Set up Jinja: everything escaped, nothing undefined, the words and paths that templates use."""

from functools import cache
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import jinja2

from evaluator.suites import describe
from evaluator.suites.definitions import Benchmark, Suite
from sitegen import words
from sitegen.entries import SiteEntry

DIMENSIONS = {
    "knowledge": "knowledge & capacity",
    "alignment": "alignment",
    "efficiency": "efficiency",
    "perplexity": "perplexity",
}


@cache
def environment(templates: Path, repository: str | None = None) -> jinja2.Environment:
    """Return the environment that renders every page; `repository` is where the site's files come from."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(
        number=lambda value, digits=1, signed=False: words.number(value, digits, signed=signed),
        exact=lambda value: f"{value:.6g}",
        spread=words.spread,
        rank=words.rank,
        front=words.front,
        p=words.p_value,
        method=words.method_title,
        method_place=lambda method: list(words.METHOD_TITLES).index(method),
        method_at=lambda place: list(words.METHOD_TITLES.values())[place],
        family=lambda folder: folder.replace("--", "/", 1),
        direction=describe.DIRECTION_WORDS.__getitem__,
        scale=describe.scale,
        dimension=DIMENSIONS.__getitem__,
        entry_path=entry_path,
        family_path=family_path,
        benchmark_path=benchmark_path,
        method_path=method_path,
    )
    made.globals["repository"] = repository
    return made


def entry_path(entry: SiteEntry) -> str:
    """Return an entry's page, from the site's root."""
    return quote(f"entries/{entry.name}/index.html")


def family_path(family: str) -> str:
    """Return a family's page, from the site's root."""
    return quote(f"families/{family}/index.html")


def benchmark_path(benchmark: Benchmark, suite: Suite) -> str:
    """Return a benchmark's page, from the site's root."""
    return f"benchmarks/{suite.name}/{benchmark.name}/index.html"


def method_path(method: str) -> str:
    """Return a method's page, from the site's root."""
    return f"methods/{method.replace('.', '')}/index.html"


def to_root(path: str) -> str:
    """Return the way from a page back to the site's root: `../../` for `methods/gptq/index.html`."""
    return "../" * (len(PurePosixPath(path).parts) - 1)


def hub_link(model: str, revision: str | None) -> str | None:
    """Return the https address of a model on the Hub; None before it is published."""
    if model.startswith("local/"):
        return None
    return f"https://huggingface.co/{quote(model)}" + (f"/tree/{revision}" if revision else "")
