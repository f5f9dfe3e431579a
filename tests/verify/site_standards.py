"""Show that pages are accessible, valid and fast: axe-core, html-validate, Lighthouse."""

from pathlib import Path

from tests.verify import site_tools
from tests.verify.report import Context, require
from tests.verify.site_made import site, site_of_its_own
from tests.verify.site_serving import THEMES, WIDTHS, browser, one_of_each_kind, opened, served

POINT = 2
RUNS = 5
SPEED = "performance"
LEAST = {SPEED: 95, "accessibility": 98, "best-practices": 98, "seo": 98}
JUDGED = ("board", "family", "entry")
PALE = "\np, td, th { color: #a0a0a0 !important; }\n"
MOST_PAGES = 200  # of the site that html-validate reads


def show(context: Context) -> str:
    """Judge one page of each kind in both themes, the HTML of many, and the speed of three.

    Raises:
        ShortfallError: there is a violation, HTML that isn't valid, or a score that is too low.
    """
    own = site_of_its_own(context, "standards") if context.broken(POINT) else site(context)
    if context.broken(POINT):
        with (own / "assets" / "style.css").open("a", encoding="utf-8") as style:
            style.write(PALE)
    kinds = one_of_each_kind(own)
    looks, found = _violations(own, kinds, quick=context.quick)
    require(not found, f"axe-core: {len(found)} violations: {'; '.join(found[:6])}")
    checked = _pages(own, kinds, len(kinds) if context.quick else MOST_PAGES)
    wrong = site_tools.invalid(checked)
    require(not wrong, f"html-validate: {len(wrong)} errors: {'; '.join(wrong[:6])}")
    judged = JUDGED[:1] if context.quick else JUDGED
    with served(own) as address:
        scores = {
            kind: site_tools.lighthouse(address + kinds[kind], 1 if context.quick else RUNS)
            for kind in judged
        }
    told = "; ".join(f"{kind} {_listed(one)}" for kind, one in scores.items())
    figures = (
        f"axe-core: no violation in {looks} looks at {min(looks, len(kinds))} kinds of pages; html-validate: "
        f"{len(checked)} pages valid; Lighthouse, median of {1 if context.quick else RUNS}: {told}"
    )
    # How fast a page is depends on what runs beside it, which in the quick form is another group.
    judged_by = {name: LEAST[name] for name in LEAST if not (context.quick and name == SPEED)}
    low = [kind for kind, one in scores.items() if _below(one, judged_by)]
    require(not low, figures)
    return figures


def _violations(own: Path, kinds: dict[str, str], *, quick: bool) -> tuple[int, list[str]]:
    """Return how many looks axe-core took, and what it found; the quick form takes six."""
    found, looks = [], 0
    with served(own) as address, browser() as running:
        for number, theme in enumerate(THEMES):
            looked_at = list(kinds.items())[2 * number :: 5] if quick else list(kinds.items())
            for width in WIDTHS[1:] if quick else WIDTHS:
                settings = {
                    "viewport": {"width": width, "height": 900},
                    "color_scheme": theme,
                    "bypass_csp": True,  # axe-core is a script that isn't the page's own
                }
                with opened(running, [], **settings) as page:
                    for kind, path in looked_at:
                        page.goto(address + path)
                        told = site_tools.violations(page)
                        found += [f"{kind}, {theme}, {width}: {one}" for one in told]
                        looks += 1
    return looks, found


def _pages(own: Path, kinds: dict[str, str], most: int) -> list[Path]:
    """Return one page of each kind, then others evenly over the site."""
    first = [own / path for path in kinds.values()]
    rest = sorted(set(own.rglob("*.html")) - set(first))
    step = max(1, len(rest) // max(1, most - len(first)))
    return [*first, *rest[::step]][:most]


def _below(scores: dict[str, float], least: dict[str, int]) -> bool:
    return any(scores[name] < least[name] for name in least)


def _listed(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.0f}" for name, value in scores.items())
