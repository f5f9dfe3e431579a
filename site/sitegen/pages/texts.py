"""Make the pages that are mostly text: methodology, how to submit, and the one for what isn't there."""

import base64
import hashlib

from markupsafe import Markup

from sitegen.contents import Contents
from sitegen.machines import badges
from sitegen.pages.writer import Pages

EXAMPLE = """model: your-name/model-7B-GPTQ-Int4
revision: 0123456789abcdef0123456789abcdef01234567
base_model: org/model-7B
base_revision: 89abcdef0123456789abcdef0123456789abcdef
quantization: {method: gptq, bits: 4, group_size: 128}
dtype: bfloat16
license: apache-2.0
chat: true"""
BADGE_OF = "org--model-7B/gptq-4bit-g128"
NOT_FOUND_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}"
    "h1{font-size:1.4rem}@media(prefers-color-scheme:dark){body{background:#14171a;color:#e6e8e6}a{color:#7cc9b2}}"
)
# The page is shown at any depth, so the way to the board is what stands before the first folder of ours.
NOT_FOUND_SCRIPT = (
    "document.getElementById('home').href=location.pathname.replace("
    "/\\/(entries|families|fit|benchmarks|methods|findings|changes|suites|methodology|submit|assets|api|badges)"
    "(\\/.*)?$|[^/]*$/,'/')+'index.html';"
)


def make(pages: Pages, site: Contents) -> None:
    """Add the pages."""
    pages.render(
        "methodology/index.html",
        "methodology.html",
        title="Methodology",
        description="How scores, intervals, ranks and comparisons are made.",
        section="Methodology",
        suites=site.data.every_suite,
    )
    pages.render(
        "submit/index.html",
        "submit.html",
        title="Submit",
        description="How to put a quantized model on the board.",
        section="Submit",
        example=EXAMPLE,
        folder="<org>--<base model>/<variant>",
        badge=badges.snippets(BADGE_OF, site.url)[1],
    )
    pages.render(
        "404.html",
        "404.html",
        title="Not found",
        description="",
        style=Markup(NOT_FOUND_STYLE),  # noqa: S704  a constant of this module
        script=Markup(NOT_FOUND_SCRIPT),  # noqa: S704  a constant of this module
        style_hash=_source_hash(NOT_FOUND_STYLE),
        script_hash=_source_hash(NOT_FOUND_SCRIPT),
    )


def _source_hash(text: str) -> str:
    """Return the source expression that allows exactly this inline text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
