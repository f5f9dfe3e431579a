"""Test that imports point one way, as docs/architecture.md draws them, and never round in a circle."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LAYERS = [
    {"results", "errors", "files"},
    {
        "submissions", "problems", "entries", "items", "ledger", "policy", "result_checks", "checks",
        "statistics", "suites", "tasks", "models", "hub", "environment", "downloads", "text_table",
    },
    {"mini", "scoring", "efficiency", "judges", "reported", "comparison"},
    {"runner", "measuring", "baseline", "doctor", "planning", "plan_report"},
    {"executors"},
    {"quantization", "targets", "patients", "demo", "commands", "cli", "__main__", "__init__"},
]  # fmt: skip
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
OPEN_TO_THE_SITE = {
    "results", "errors", "files", "submissions", "items", "statistics", "suites", "reported", "comparison",
}  # fmt: skip


def modules() -> dict[str, Path]:
    """Return every module of both packages by its dotted name."""
    found = {}
    for top, folder in (("evaluator", ROOT / "evaluator"), ("sitegen", ROOT / "site" / "sitegen")):
        for path in sorted(folder.rglob("*.py")):
            parts = (top, *path.relative_to(folder).with_suffix("").parts)
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports(path: Path, *, at_load: bool = False) -> set[str]:
    """Return the modules of this project that a file imports; `at_load`: when it is itself imported."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = _at_load(tree) if at_load else list(ast.walk(tree))
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in MODULES else node.module for name in inner}
    return {name for name in names if name.split(".")[0] in ("evaluator", "sitegen")}


def _at_load(tree: ast.Module) -> list[ast.AST]:
    """Return the statements that run at import: not those in functions or under TYPE_CHECKING."""
    return [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]


def part(module: str) -> str:
    """Return the part of the evaluator that a module belongs to."""
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("evaluator")])
def test_imports_point_down(module: str) -> None:
    """A module imports nothing from a layer above its own."""
    own = RANK[part(module)]
    above = {
        name
        for name in imports(MODULES[module], at_load=True)
        if name.startswith("evaluator") and RANK[part(name)] > own
    }

    assert above == set()


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("sitegen")])
def test_site_reads_only_the_contract(module: str) -> None:
    """The site imports what the contract, submissions, statistics and suites need, and nothing else."""
    used = {part(name) for name in imports(MODULES[module]) if name.startswith("evaluator.")}

    assert used <= OPEN_TO_THE_SITE


def test_no_import_cycle() -> None:
    """Following imports never leads back to where one started."""
    graph = {name: imports(path, at_load=True) & set(MODULES) for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"cycle: {' -> '.join((*trail, name))}"
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_site_folder_is_no_package() -> None:
    """An `__init__.py` in site/ would shadow Python's own module `site`."""
    assert not (ROOT / "site" / "__init__.py").exists()
