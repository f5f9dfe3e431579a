"""Show that the site answers people's question: what is best for 8 GB, in how many clicks; and its pictures.

What is best is computed here from the result files alone, by the words of the methodology.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.verify.report import ROOT, Context, require
from tests.verify.site_made import build_site, site, submissions
from tests.verify.site_serving import browser, opened, served

POINT = 6
MEMORY, CONTEXT = 8e9, 4_096
MOST_CLICKS = 3
PICTURES, MOST_BYTES = ROOT / "docs" / "pictures", 150_000
PICTURED = (
    "board",
    "family",
    "fit",
    "entry",
    "reported",
    "benchmark",
    "method",
    "findings",
    "changes",
)
# Of each benchmark the metric that counts, its value by chance, and the best there is.
SCALES = {
    "mmlu": ("accuracy", 0.25, 1.0),
    "ceval": ("accuracy", 0.25, 1.0),
    "flores": ("spbleu", 0.0, 100.0),
    "cnn_dailymail": ("rougeL", 0.0, 1.0),
    "xsum": ("rougeL", 0.0, 1.0),
    "gsm8k": ("accuracy", 0.0, 1.0),
    "snli": ("accuracy", 0.3333, 1.0),
    "followbench": ("hsr", 0.0, 1.0),
    "truthfulqa": ("mc1", 0.2261, 1.0),
    "bbq": ("bias_ambiguous", 1.0, 0.0),
}


@dataclass(frozen=True)
class Known:
    """What the result files say of an entry: its score in percent, and the bytes it needs."""

    name: str
    score: float
    needed: float


def show(context: Context) -> str:
    """Click from the home page to the answer for 8 GB, compare it with the result files, look for pictures.

    Raises:
        ShortfallError: it takes more clicks, or names another entry; or a picture is missing or too large.
    """
    root = submissions(context)
    fitting = [one for one in known(root) if one.needed <= MEMORY]
    require(bool(fitting), "nothing fits 8 GB")
    best = max(fitting, key=lambda one: one.score)
    own = _without(context, best.name) if context.broken(POINT) else site(context)
    clicks, line, list_of = _clicks(own)
    family, variant = best.name.split("/")
    wanted = f"{family.replace('--', '/', 1)} {variant}"
    figures = (
        f"{' > '.join(clicks)}: {line!r}; from {len(list_of)} that fit; by the result files {wanted}, "
        f"{best.score:.1f} %, {best.needed / 1e9:.1f} GB; {_pictures()}"
    )
    require(wanted in line and len(clicks) <= MOST_CLICKS, figures)
    require(set(list_of) == {one.name for one in fitting}, f"{figures}; listed: {list_of}")
    return figures


def known(root: Path) -> list[Known]:
    """Return the measured entries whose results are all there, from the files alone."""
    return [one for folder in sorted(root.glob("simulated--*/*")) for one in _known(folder)]


def _known(folder: Path) -> Iterator[Known]:
    results = {name: _latest(folder, name) for name in SCALES}
    probes = [json.loads(file.read_text("utf-8")) for file in folder.glob("results/efficiency/*/*")]
    measured = [one["metrics"] for one in probes if one["status"] == "ok"]
    if any(one is None or one["status"] != "ok" for one in results.values()) or not measured:
        return
    shares = [_share(name, one) for name, one in results.items() if one]
    value = {name: metric["value"] for name, metric in measured[0].items()}
    cache = value["kv_bytes_per_token_measured"]
    tokens = value["input_tokens"] + value["output_tokens"]
    rest = value["peak_memory_bytes"] - value["weight_bytes"] - cache * tokens
    needed = value["weight_bytes"] + cache * CONTEXT + max(0.0, rest)
    name = f"{folder.parent.name}/{folder.name}"
    yield Known(name, 100 * sum(shares) / len(shares), needed)


def _latest(folder: Path, benchmark: str) -> dict[str, Any] | None:
    """Return the newest result of a benchmark: `<benchmark>.2.json` replaces `<benchmark>.json`."""
    files = sorted(folder.glob(f"results/paper@*/{benchmark}.*json"), key=lambda one: one.name)
    newest = min(files, key=lambda one: (len(one.suffixes) == 1, one.name), default=None)
    return json.loads(newest.read_text("utf-8")) if newest else None


def _share(benchmark: str, result: dict[str, Any]) -> float:
    metric, chance, best = SCALES[benchmark]
    value = result["metrics"][metric]["value"]
    value = abs(value) if metric.startswith("bias") else value
    return float((value - chance) / (best - chance))


def _clicks(own: Path) -> tuple[list[str], str, list[str]]:
    """Return the clicks from the home page on, the answer's first line, and the entries listed as fitting."""
    clicks, troubles = ["open the home page"], list[str]()
    with served(own) as address, browser() as running, opened(running, troubles) as page:
        page.goto(address)
        page.get_by_role("navigation", name="Site").get_by_role("link", name="What fits").click()
        clicks.append("What fits")
        page.wait_for_selector("#fits tbody tr")
        line = page.locator(".best:visible").inner_text()
        if "8 GB" not in line:
            page.select_option("#fit [name=gpu]", "8")
            clicks.append("8 GB")
            line = page.locator(".best:visible").inner_text()
        links = page.locator("#fits tbody tr a.variant").evaluate_all(
            "all => all.map(one => one.href)"
        )
    require(not troubles, "; ".join(troubles[:3]))
    return clicks, line, [_entry_of(link) for link in links]


def _entry_of(link: str) -> str:
    return link.partition("/entries/")[2].removesuffix("/index.html")


def _without(context: Context, best: str) -> Path:
    """Build the site without the family of the best entry."""
    root = context.scratch / "without" / "submissions"
    shutil.copytree(submissions(context), root)
    shutil.rmtree(root / best.split("/")[0])
    build_site(root, root.with_name("_site"))
    return root.with_name("_site")


def _pictures() -> str:
    names = [f"{kind}-{theme}.png" for kind in PICTURED for theme in ("light", "dark")]
    missing = [name for name in names if not (PICTURES / name).is_file()]
    require(not missing, f"docs/pictures lacks {', '.join(missing)}; make pictures draws them")
    sizes = {file.name: file.stat().st_size for file in PICTURES.glob("*.png")}
    large = [name for name, size in sizes.items() if size > MOST_BYTES]
    require(not large, f"pictures of more than {MOST_BYTES:,} bytes: {', '.join(large)}")
    shown = "".join(file.read_text("utf-8") for file in (ROOT / "docs").glob("*.md"))
    shown += (ROOT / "README.md").read_text("utf-8")
    unseen = [name for name in sizes if f"pictures/{name}" not in shown]
    require(not unseen, f"no page of docs/ shows {', '.join(unseen)}")
    return f"{len(sizes)} pictures, {sum(sizes.values()) / 1e6:.1f} MB, each in docs/"
