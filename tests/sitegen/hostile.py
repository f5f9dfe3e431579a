"""Make submissions whose every text tries to be something else: markup, a script, a formula, a path."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from evaluator.results import Metric, Submission, UnitResult
from evaluator.suites.definitions import load_suite
from tests.sitegen import examples

FLAG = "window.hacked"  # what a script that runs would set
TEXTS = {
    "markup": f'<img src=x onerror="{FLAG}=1"><svg/onload={FLAG}=1><iframe srcdoc="<b>x"></iframe>',
    "script": f"</script></title></textarea>--><script>{FLAG}=1;alert(1)</script><!--",
    "attribute": f'\'"><a autofocus onfocus={FLAG}=1 href="javascript:{FLAG}=1">x</a>',
    "template": "{{ 7*7 }}{% raw %}{# x #}${7*7}#{7*7}<%= 7*7 %>",
    "link": f"javascript:{FLAG}=1",
    "markdown": f"[x](javascript:{FLAG}=1) ![x](https://example.invalid/x.png) http://example.invalid",
    "formula": "=cmd|'/C calc'!A0",
    "sum": "@SUM(1+1)*cmd|'/C calc'!A0",
    "plus": "+1+cmd|'/C calc'!A0",
    "entity": "&lt;b&gt; &#x202e; &amp;amp; %3Cscript%3E \\u003cscript\\u003e",
    "long": "W" * 1_900,
}
REFUSED = {
    "right to left": "safe \u202egnp.exe\u202c",
    "isolate": "safe \u2066x\u2069",
    "invisible": "zero\u200bwidth",
    "control": "bell \x07",
}
SHORT = 150  # characters of a text in the fields that take no more than 200
FIELDS = ("notes", "citation", "license", "tool", "tool_version", "calibration")
# Names as far as the contract lets a Hub id go; the last ones mean something to scripts and to paths.
IDS = ("a/constructor", "a/toString", "x/con.prn", "x/index.html", "x/a.b-_c")
MODEL = "org/hostile-7B"


def submission(text: str, fields: tuple[str, ...] = FIELDS) -> Submission:
    """Return a submission in which a text stands in some of the fields that take any text."""
    good = examples.submission(examples.RECIPES[4], MODEL)
    recipe = good.quantization
    plain = {name: said(name, text) for name in fields if name in ("notes", "citation", "license")}
    inner: dict[str, Any] = {
        name: said(name, text) for name in fields if name in ("tool", "tool_version")
    }
    if "calibration" in fields and recipe.calibration:
        dataset = said("calibration", text)
        inner["calibration"] = recipe.calibration.model_copy(update={"dataset": dataset})
    spoiled = {**plain, "quantization": recipe.model_copy(update=inner)}
    return good.model_copy(update={"base_revision": good.revision, **spoiled})


def said(place: str, text: str) -> str:
    """Return a text that says where it was put, cut where the field is short; its beginning stays."""
    short = place in ("license", "tool", "tool_version", "calibration")
    return f"{text[:SHORT] if short else text} ({place})"


def spoil(result: UnitResult, text: str) -> UnitResult:
    """Return a result in which a text stands wherever one may."""
    put = {place: said(place, text) for place in ("command", "note", "package", "kernel", "part")}
    origin = result.provenance
    model = origin.model and origin.model.model_copy(update={"kernels": {put["kernel"]: 1}})
    provenance = origin.model_copy(
        update={
            "command": put["command"],
            "notes": [put["note"]],
            "packages": {"torch": put["package"]},
            "hardware": {"accelerator": said("hardware", text)},
            "decoding": {"stop": said("decoding", text)},
            "model": model,
        }
    )
    marked = {
        name: metric.model_copy(update={"note": said("apart", text)})
        for name, metric in result.metrics.items()
    }
    return result.model_copy(
        update={
            "provenance": provenance,
            "metrics": marked,
            "groups": {put["part"]: result.metrics} if result.metrics else {},
        }
    )


def write_entry(root: Path, name: str, text: str) -> Path:
    """Write an entry full of a text: spoiled results, a failed benchmark, a figure that couldn't be had."""
    folder = examples.write_submission(root, submission(text), f"-{name.replace(' ', '-')}")
    own = f"{folder.parent.name}/{folder.name}"
    for place, benchmark in enumerate(load_suite("mini").benchmarks):
        reason = None if place else said("reason", text)
        made = examples.benchmark_result(own, examples.RECIPES[4], benchmark, "mini", reason)
        examples.write_result(folder, spoil(made, text))
    probe = examples.probe_result(own, examples.RECIPES[4])
    missing = {"kv_bytes_per_token_formula": Metric(value=None, reason=said("missing", text))}
    spoiled = spoil(probe, text).model_copy(update={"groups": {}})
    metrics = {name: one.model_copy(update={"note": None}) for name, one in probe.metrics.items()}
    examples.write_result(folder, spoiled.model_copy(update={"metrics": {**metrics, **missing}}))
    return folder


def write_reported(root: Path, name: str, text: str) -> Path:
    """Write an entry of a paper whose citation is a text."""
    given = submission(text, ("notes", "license"))
    recipe = given.quantization.model_copy(update={"tool": None, "tool_version": None})
    cited = {"source": "reported", "citation": said("paper", text), "quantization": recipe}
    folder = examples.write_submission(
        root, given.model_copy(update=cited), f"-{name.replace(' ', '-')}-reported"
    )
    own = f"{folder.parent.name}/{folder.name}"
    for benchmark in load_suite("mini").benchmarks:
        made = examples.benchmark_result(own, examples.RECIPES[4], benchmark)
        examples.write_result(folder, spoil(made, text))
    return folder


def write_tree(root: Path) -> Path:
    """Write a good base, and an entry and a reported one for each text."""
    root.mkdir(parents=True)
    examples.add_entry(root, examples.RECIPES[0], base=MODEL)
    for name, text in TEXTS.items():
        write_entry(root, name, text)
        write_reported(root, name, text)
    for model in IDS:
        examples.add_entry(root, examples.RECIPES[0], base=model)
    return root


# Paths --------------------------------------------------------------------------------------------

Trick = Callable[[Path, str, Path], None]  # writes an entry of a base into a root
SECRET = "secret-of-the-machine"  # noqa: S105  a text that no page may hold


def _linked_entry(root: Path, base: str, outside: Path) -> None:
    folder = root / base.replace("/", "--") / "bf16"
    folder.parent.mkdir(parents=True)
    folder.symlink_to(outside, target_is_directory=True)


def _linked_submission(root: Path, base: str, outside: Path) -> None:
    folder = examples.add_entry(root, examples.RECIPES[0], base=base)
    (folder / "submission.yaml").unlink()
    (folder / "submission.yaml").symlink_to(outside / "submission.yaml")


def _linked_result(root: Path, base: str, outside: Path) -> None:
    folder = examples.add_entry(root, examples.RECIPES[0], base=base)
    file = next(folder.glob("results/mini@1/*.json"))
    content = file.read_text()
    file.unlink()
    (outside / "result.json").write_text(content)
    file.symlink_to(outside / "result.json")


def _items(name: str) -> Trick:
    def put(root: Path, base: str, outside: Path) -> None:
        folder = examples.add_entry(root, examples.RECIPES[0], base=base)
        file = next(folder.glob("results/mini@1/*.json"))
        result = UnitResult.model_validate_json(file.read_text())
        target = str(outside / "secret") if name == "absolute" else name
        changed = {"items": target, "items_sha256": "0" * 64}
        examples.write_result(folder, result.model_copy(update=changed))

    return put


def _folder(family: str, variant: str) -> Trick:
    def put(root: Path, base: str, outside: Path) -> None:
        folder = examples.add_entry(root, examples.RECIPES[0], base=base)
        target = root / family / variant
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)

    return put


def _hardware(name: str) -> Trick:
    def put(root: Path, base: str, outside: Path) -> None:
        folder = examples.add_entry(root, examples.RECIPES[0], base=base)
        next(folder.glob("results/efficiency/*")).rename(folder / "results" / "efficiency" / name)

    return put


def _superseding(root: Path, base: str, outside: Path) -> None:
    folder = examples.add_entry(root, examples.RECIPES[0], base=base)
    file = next(folder.glob("results/mini@1/*.json"))
    result = UnitResult.model_validate_json(file.read_text())
    changed = {"supersedes": "../../../../secret", "supersedes_reason": "x"}
    examples.write_result(folder, result.model_copy(update=changed), 2)


PATHS: dict[str, Trick] = {
    "an entry that is a link": _linked_entry,
    "a submission that is a link": _linked_submission,
    "a result that is a link": _linked_result,
    "items above the entry": _items("../../../../secret"),
    "items anywhere": _items("absolute"),
    "a result above the entry": _superseding,
    "a variant of markup": _folder("org--linked", "bf16-<img src=x onerror=alert(1)>"),
    "a variant of dots": _folder("org--linked", "..bf16"),
    "a family of markup": _folder("org--<script>alert(1)<", "bf16"),
    "a family that is a formula": _folder("=cmd|x--y", "bf16"),
    "hardware of markup": _hardware("<img src=x onerror=alert(1)>"),
    "hardware that is a formula": _hardware("=cmd|x"),
    "hardware of dots": _hardware("..."),
}
