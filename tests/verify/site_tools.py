"""Judge pages by tools from npm: axe-core, html-validate, Lighthouse.

`make verify-site` installs them from the lock file; neither users nor `make test` need them.
"""

import json
import os
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.browser.reader import FLAGS
from tests.verify.report import ROOT, require
from tests.verify.site_serving import chromium_path

FOLDER = ROOT / "tests" / "site_tools"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
SECONDS = 300


def installed() -> Path:
    """Return `node_modules` with the tools.

    Raises:
        ShortfallError: they aren't there.
    """
    modules = FOLDER / "node_modules"
    require((modules / ".bin" / "lighthouse").exists(), f"run npm ci in {FOLDER}")
    return modules


def violations(page: Any) -> list[str]:
    """Return what axe-core finds on a page whose policy is bypassed: rule and first element."""
    page.add_script_tag(path=str(installed() / "axe-core" / "axe.min.js"))
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{one['id']} ({len(one['nodes'])}x, {_first_target(one)})" for one in found]


def _first_target(violation: dict[str, Any]) -> str:
    return str(violation["nodes"][0]["target"][0])[:80]


def invalid(pages: Sequence[Path]) -> list[str]:
    """Return what html-validate says against pages: file, line and rule."""
    config = FOLDER / "htmlvalidate.json"
    command = [
        str(installed() / ".bin" / "html-validate"),
        *("--config", str(config), "--formatter", "json", *map(str, pages)),
    ]
    # Into a file: it ends before a pipe has taken more than 64 KiB.
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told_here:
        done = subprocess.run(
            command, stdout=told_here, stderr=subprocess.PIPE, check=False, timeout=SECONDS
        )
        told_here.seek(0)
        judged = told_here.read()
    require(judged.startswith("["), f"html-validate failed: {done.stderr[-400:]!r}")
    return [
        f"{Path(file['filePath']).parent.name}:{told['line']} {told['ruleId']}: {told['message']}"
        for file in json.loads(judged)
        for told in file["messages"]
    ]


def lighthouse(address: str, times: int) -> dict[str, float]:
    """Return the median score of each category, 0 to 100, of so many runs."""
    runs = [_lighthouse_once(address) for _ in range(times)]
    return {name: statistics.median(one[name] for one in runs) for name in CATEGORIES}


def _lighthouse_once(address: str) -> dict[str, float]:
    flags = " ".join(["--headless=new", *FLAGS])
    command = [
        str(installed() / ".bin" / "lighthouse"),
        *(address, "--output=json", "--output-path=stdout", "--quiet"),
        "--disable-full-page-screenshot",
        *(f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={flags}"),
    ]
    done = subprocess.run(
        command,
        env=os.environ | {"CHROME_PATH": chromium_path()},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    require(done.returncode == 0, f"lighthouse failed: {done.stderr[-400:]}")
    judged = json.loads(done.stdout)["categories"]
    return {name: 100 * (judged[name]["score"] or 0.0) for name in CATEGORIES}
