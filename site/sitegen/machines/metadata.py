"""Say to search engines what the site is: as a data set, as a list of its pages, as what they may read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from sitegen.contents import Contents
from sitegen.entries import SiteEntry
from sitegen.machines.addresses import API, absolute, entry_page, family_page
from sitegen.machines.index_files import newest

LONGEST_SITEMAP = 50_000  # addresses in one file, as the protocol allows
LICENCE = "https://www.apache.org/licenses/LICENSE-2.0"
FRAMEWORK = "https://arxiv.org/abs/2402.16775"
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
UNDATED = ("methodology/", "submit/")  # which no result changes


def dataset(site: Contents) -> dict[str, Any]:
    """Return what schema.org calls a Dataset: what was measured, how, and where to load it from."""
    updated = newest(site.data.entries)
    said: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": "quantboard: quality, alignment and efficiency of quantized language models",
        "description": "Results of quantized language models, each beside its unquantized base: benchmarks "
        "of knowledge and alignment with 95 % intervals, paired differences from the base, bytes, bits per "
        "weight, memory and speed.",
        "license": LICENCE,
        "isAccessibleForFree": True,
        "creator": {"@type": "Organization", "name": "quantboard"},
        "isBasedOn": FRAMEWORK,
        "measurementTechnique": "Jin et al. 2024, A Comprehensive Evaluation of Quantization Strategies for "
        "Large Language Models; paired comparison with the base on the same items",
        "variableMeasured": _variables(site),
        "version": ", ".join(table.suite.label for table in site.boards),
        "distribution": [_download(site, *one) for one in _downloads(site)],
    }
    said |= {"url": site.url, "creator": said["creator"] | {"url": site.url}} if site.url else {}
    return said | ({"dateModified": updated} if updated else {})


def _variables(site: Contents) -> list[str]:
    """Return the names of the first board's quality and size columns; units are in the files."""
    columns = site.boards[0].columns if site.boards else []
    return [one.title for one in columns if one.group in ("quality", "size")]


def _downloads(site: Contents) -> list[tuple[str, str]]:
    found = [(f"{API}/leaderboard.json", "application/json")]
    for table in site.boards:
        found.append((site.download_path(table, "csv"), "text/csv"))
        found.append((site.download_path(table, "parquet"), "application/vnd.apache.parquet"))
    return found


def _download(site: Contents, path: str, kind: str) -> dict[str, str]:
    address = absolute(site.url, path)
    return {"@type": "DataDownload", "encodingFormat": kind, "contentUrl": address}


def page_dates(entries: Sequence[SiteEntry]) -> dict[str, str]:
    """Return the day of the newest result behind each entry's and family's page; `` of all others."""
    dates: dict[str, str] = {}
    for entry in entries:
        day = (newest([entry]) or "")[:10]
        for page in (entry_page(entry.name), family_page(entry.family), ""):
            dates[page] = max(day, dates.get(page, ""))
    return dates


def sitemap(url: str, paths: Iterable[str], dates: Mapping[str, str]) -> dict[str, str]:
    """Return the list of a site's pages by path: one file, or an index of several where there are many.

    Args:
        url: the site's address.
        paths: every file of the site, of which the pages are taken.
        dates: as `page_dates` returns them.
    """
    pages = sorted(path for path in paths if path.endswith(".html") and path != "404.html")
    lines = [_address(url, page, dates) for page in pages]
    if len(lines) <= LONGEST_SITEMAP:
        return {"sitemap.xml": _urls(lines)}
    parts = range(0, len(lines), LONGEST_SITEMAP)
    files = {
        f"sitemap-{number}.xml": _urls(lines[start : start + LONGEST_SITEMAP])
        for number, start in enumerate(parts, 1)
    }
    listed = [f"<sitemap><loc>{escape(absolute(url, name))}</loc></sitemap>" for name in files]
    whole = "\n".join(listed)
    index = f'{XML}<sitemapindex xmlns="{NAMESPACE}">\n{whole}\n</sitemapindex>\n'
    return {**files, "sitemap.xml": index}


def _urls(lines: Sequence[str]) -> str:
    whole = "\n".join(lines)
    return f'{XML}<urlset xmlns="{NAMESPACE}">\n{whole}\n</urlset>\n'


def _address(url: str, page: str, dates: Mapping[str, str]) -> str:
    path = quote(page)
    day = "" if page.startswith(UNDATED) else dates.get(path) or dates.get("", "")
    modified = f"<lastmod>{escape(day)}</lastmod>" if day else ""
    return f"<url><loc>{escape(absolute(url, path))}</loc>{modified}</url>"


def robots(url: str) -> str:
    """Return what robots may read: everything, and where the list of pages is."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {absolute(url, 'sitemap.xml')}\n"
