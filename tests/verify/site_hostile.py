"""Show that what strangers write is harmless, by the tests that hold it: pages, browser, table files."""

import re
import subprocess
import sys

from tests.verify.report import ROOT, Context, require

POINT = 5
FILES = ("tests/sitegen/test_hostile.py", "tests/browser/test_hostile.py")
QUICK = "not built_all_the_same"
RUN = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
BARE = """
import sys
sys.path.insert(0, "site")
from sitegen import render
own = render.environment
def bare(*given, **named):
    made = own(*given, **named)
    made.autoescape = False
    return made
render.environment = bare
"""


def show(context: Context) -> str:
    """Run the tests of hostile submissions; in the quick form none in a browser.

    Raises:
        ShortfallError: a test fails, or is skipped.
    """
    code = (BARE if context.broken(POINT) else "") + RUN
    chosen = ["-k", QUICK] if context.quick else []
    files = FILES[:1] if context.quick else FILES
    command = [sys.executable, "-c", code, "-q", "-p", "no:cacheprovider", *files, *chosen]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    last = done.stdout.splitlines()[-1] if done.stdout else done.stderr[-300:]
    counted = {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", last)}
    figures = f"{counted.get('passed', 0)} tests of hostile texts and paths hold: {last}"
    require(done.returncode == 0 and "skipped" not in counted, figures)
    return figures
