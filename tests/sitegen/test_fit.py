"""What fits: the bytes that an entry needs, the best entry that fits, and the commands that run it."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from sitegen import fit, load, running
from sitegen.board import Board
from sitegen.contents import contents
from sitegen.efficiency import PEAK
from sitegen.entries import SiteEntry
from sitegen.fit import Candidate, Demand
from sitegen.pages import fit as page
from sitegen.pages.writer import Pages
from sitegen.render import environment

from evaluator.reported.importer import import_reported
from evaluator.results import Metric, Quantization, Submission, UnitResult
from tests.sitegen import examples
from tests.sitegen.conftest import ROOT
from tests.sitegen.examples import RECIPES, SHAPES, add_shaped, probe_result, write_result

MIDDLE, OLD = SHAPES[1], SHAPES[2]
BASE, NF4, GPTQ = RECIPES[0], RECIPES[2], RECIPES[4]


def made(root: Path) -> dict[str, str]:
    """Return the files that the page's module makes of some submissions, by path."""
    files: dict[str, bytes] = {}
    page.make(Pages(environment(ROOT / "templates"), files.__setitem__), contents(load.read(root)))
    return {path: content.decode() for path, content in files.items()}


def board(root: Path) -> Board:
    """Return the first board of some submissions."""
    return contents(load.read(root)).boards[0]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """Return the board of families of real shapes."""
    return board(examples.shaped_tree(tmp_path_factory.mktemp("shaped") / "submissions"))


@pytest.fixture(scope="module")
def listed(table: Board) -> list[Candidate]:
    """Return its candidates."""
    return fit.candidates(table)


def probed(root: Path, *changes: dict[str, Metric | None]) -> Candidate:
    """Return a baseline with a probe per change, on hardware of its own; None takes a metric away."""
    root.mkdir()
    folder = examples.add_entry(root, BASE, probe=False)
    for number, change in enumerate(changes):
        result = probe_result("local--tiny-llama/bf16", BASE, hardware=f"card-{number}")
        kept = {**result.metrics, **change}
        changed = {name: metric for name, metric in kept.items() if metric}
        write_result(folder, result.model_copy(update={"metrics": changed}))
    return fit.candidates(board(root))[0]


def figures(**values: float | None) -> dict[str, Metric | None]:
    """Return metrics of some values; None for one that is missing."""
    return {name: None if one is None else Metric(value=one) for name, one in values.items()}


PROBE = figures(
    weight_bytes=1000.0,
    kv_bytes_per_token_measured=2.0,
    kv_bytes_per_token_formula=3.0,
    input_tokens=10.0,
    output_tokens=20.0,
    peak_memory_bytes=1500.0,
)


def test_needed_is_weights_cache_and_overhead(tmp_path: Path) -> None:
    """The overhead is the peak less weights and the cache of the probe's own tokens."""
    demand = probed(tmp_path / "tree", PROBE).demand

    assert demand == Demand(1000.0, 2.0, 1500.0 - 1000.0 - 2.0 * 30, "card-0", 30)
    assert demand.needed(100, 4) == 1000 + 2 * 100 * 4 + 440


def test_overhead_is_never_below_zero(tmp_path: Path) -> None:
    """A peak below weights and cache doesn't make an entry smaller than these."""
    demand = probed(tmp_path / "tree", {**PROBE, **figures(peak_memory_bytes=1010.0)}).demand

    assert demand
    assert demand.overhead == 0


def test_formula_stands_in_for_a_missing_cache(tmp_path: Path) -> None:
    """Without a measured cache the formula's bytes per token count."""
    demand = probed(tmp_path / "tree", {**PROBE, "kv_bytes_per_token_measured": None}).demand

    assert demand
    assert demand.cache == 3.0


def test_missing_figures_are_named(tmp_path: Path) -> None:
    """What isn't measured is named, and is no 0."""
    without = {**PROBE, **figures(kv_bytes_per_token_measured=None, weight_bytes=None)}
    found = probed(tmp_path / "tree", {**without, "kv_bytes_per_token_formula": None})

    assert found.demand is None
    assert found.missing == "Weights in memory, KV cache, measured"
    assert probed(tmp_path / "bare").missing == "no efficiency probe"


def test_a_whole_probe_is_taken_where_there_is_one(tmp_path: Path) -> None:
    """Of several hardware the first that has all figures counts, never a mixture."""
    whole = {**PROBE, **figures(peak_memory_bytes=2000.0)}
    found = probed(tmp_path / "tree", {**PROBE, PEAK: None}, whole)

    assert found.demand == Demand(1000.0, 2.0, 940.0, "card-1", 30)


def test_best_is_the_first_ranked_that_fits(table: Board, listed: list[Candidate]) -> None:
    """Nothing above the best on the board fits; what is tied with it fits too, and is of its group."""
    choice = fit.best(listed, 8e9, 4096, 1)

    assert choice
    place = listed.index(choice.candidate)
    larger = [one for one in listed[:place] if one.demand and one.holds(4096)]
    assert larger
    assert all(one.demand.needed(4096, 1) > 8e9 for one in larger if one.demand)
    assert choice.candidate.row.entry.name == "simulated--middle-7B/awq-4bit-g128"
    assert choice.needed + choice.free == 8e9
    groups = {one.row.place.group for one in choice.tied if one.row.place}
    assert len(groups) == 1
    assert [one.row.entry.variant for one in choice.tied] == [
        "awq-4bit-g128",
        "gptq-4bit-g128",
        "bnb-nf4",
    ]
    assert choice.smallest[1] == min(
        one.demand.needed(4096, 1) for one in choice.tied if one.demand
    )


@pytest.mark.parametrize(("size", "variants"), [(1e8, 0), (1e15, 40)])
def test_limits_of_the_memory(listed: list[Candidate], size: float, variants: int) -> None:
    """In too little nothing fits, in very much all that is measured does."""
    assert len(fit.fitting(listed, size, 4096, 1)) == variants
    assert (fit.best(listed, size, 4096, 1) is None) == (variants == 0)


def test_exactly_enough_is_enough(listed: list[Candidate]) -> None:
    """An entry that needs all of the memory fits, with nothing free, and that is tight."""
    one = next(one for one in listed if one.demand)
    assert one.demand
    choice = fit.best([one], one.demand.needed(4096, 1), 4096, 1)

    assert choice
    assert choice.free == 0
    assert choice.tight


def test_longer_contexts_and_more_sequences_need_more(listed: list[Candidate]) -> None:
    """What fits at 32k or in a batch fits at 4k alone too, and fewer do."""
    few = fit.fitting(listed, 12e9, 32_768, 4)
    many = fit.fitting(listed, 12e9, 4096, 1)

    assert set(map(id, few)) < set(map(id, many))


def test_short_contexts_are_never_the_best(tmp_path: Path) -> None:
    """An entry whose model takes fewer tokens fits, but isn't called the best for them."""
    for recipe in (BASE, GPTQ):
        add_shaped(tmp_path, OLD, recipe)
    old = fit.candidates(board(tmp_path))

    assert [one.row.entry.context_length for one in old] == [2048, 2048]
    assert len(fit.fitting(old, 80e9, 4096, 1)) == 2
    assert fit.best(old, 80e9, 4096, 1) is None
    assert fit.best(old, 80e9, 2048, 1)


def test_an_unknown_context_is_no_obstacle(listed: list[Candidate]) -> None:
    """Where no result says how many tokens a model takes, any number is let through."""
    unknown = [
        replace(one, row=replace(one.row, entry=replace(one.row.entry, context_length=None)))
        for one in listed
    ]

    assert fit.best(unknown, 8e9, 10**6, 1) is None
    assert fit.best(unknown, 1e15, 10**6, 1)


def test_unranked_entries_fit_but_are_never_the_best(tmp_path: Path) -> None:
    """An entry without a base's results has no rank, so nothing says that it is the best."""
    add_shaped(tmp_path, MIDDLE, GPTQ)
    alone = fit.candidates(board(tmp_path))

    assert len(fit.fitting(alone, 8e9, 4096, 1)) == 1
    assert fit.best(alone, 8e9, 4096, 1) is None
    assert "Nothing ranked fits 8 GB at 4,096 tokens." in made(tmp_path)["fit/index.html"]


def test_no_entries_at_all(tmp_path: Path) -> None:
    """Without entries, and with reported ones alone, the page says so and has no script."""
    files = made(tmp_path)
    assert list(files) == ["fit/index.html"]
    assert "Nothing has been measured yet" in files["fit/index.html"]

    import_reported(Path("jin-2024.csv"), Path("jin-2024.yaml"), tmp_path)
    files = made(tmp_path)
    assert list(files) == ["fit/index.html"]
    assert "Papers report peak memory only" in files["fit/index.html"]


def test_reported_entries_are_counted_as_left_out(tmp_path: Path) -> None:
    """Beside measured entries the page says how many of papers take no part, and why."""
    examples.add_entry(tmp_path, BASE, suite="paper")
    assert "no part" not in made(tmp_path)["fit/index.html"]

    import_reported(Path("jin-2024.csv"), Path("jin-2024.yaml"), tmp_path)
    text = made(tmp_path)["fit/index.html"]
    assert "30 reported entries take no part: papers report peak memory only" in text


def test_page_says_the_best_for_each_size(table: Board, tmp_path: Path) -> None:
    """The sentence and the table of sizes hold the same choice, computed by the formula."""
    choice = fit.best(fit.candidates(table), 8e9, 4096, 1)
    assert choice
    sentence = page.outcome(choice)

    assert sentence == (
        "score 53.4 ± 1.8 %, retention 98.4 ± 4.6 %, needs 6.2 GB, 1.8 GB (22 %) free"
    )
    tight = fit.best(fit.candidates(table), choice.needed + 1e8, 4096, 1)
    assert tight
    assert page.outcome(tight).endswith("needs 6.2 GB, 100.0 MB (2 %) free, which is tight")


def test_script_holds_every_entry(table: Board, listed: list[Candidate]) -> None:
    """The script has a value for each field of each entry, in the board's order, and 400 bytes each."""
    text = page.script(table, listed)
    data = json.loads(text.partition("] = ")[2].removesuffix(";\n"))

    assert all(len(entry) == len(data["fields"]) for entry in data["entries"])
    names = [dict(zip(data["fields"], one, strict=True))["name"] for one in data["entries"]]
    assert names == [row.entry.name for row in table.rows]
    assert len(json.dumps(data["entries"])) < 400 * len(listed)
    assert not set("<>&") & set(text)


def test_speed_is_the_boards(table: Board, listed: list[Candidate]) -> None:
    """The speed in the script is the board's on that hardware; nothing where it wasn't measured."""
    text = page.script(table, listed)
    data = json.loads(text.partition("] = ")[2].removesuffix(";\n"))
    speeds = {one[0]: one[-1] for one in data["entries"]}

    assert data["hardware"] == [examples.HARDWARE]
    assert speeds["simulated--middle-7B/awq-4bit-g128"] == ["71.5"]
    assert speeds["simulated--middle-7B/gptq-4bit-g128-other"] == [""]


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0.0 bytes"), (250e6, "250.0 MB"), (1.25e9, "1.3 GB"), (6_149_999_999, "6.1 GB")],
)
def test_sizes_read_well(size: float, text: str) -> None:
    """Bytes have one decimal and a decimal unit; halves are rounded up, as scripts do."""
    assert fit.size_text(size) == text


def test_cards_have_names_of_their_own() -> None:
    """Each card has a key of its own, no size's, and a memory that cards have."""
    cards = [card for group in fit.generations() for card in group.cards]
    keys = [card.key for card in cards]

    assert len(set(keys)) == len(keys)
    assert not any(key.isdigit() for key in keys)
    assert {6, 8, 12, 16, 24, 48, 80} <= {card.gb for card in cards}
    assert all(4 <= card.gb <= 200 and card.short_names for card in cards)
    assert "nvidia-geforce-rtx-4090" in {name for card in cards for name in card.short_names}


def given(
    method: str = "gptq", bits: int = 4, model: str = "quantizer/model", **more: object
) -> Submission:
    """Return a submission of a recipe."""
    recipe = {"method": method, "bits": bits, **more}
    return Submission(
        model=model,
        revision="a1b2c3d4" * 5,
        base_model="org/model",
        quantization=Quantization.model_validate(recipe),
        dtype="bfloat16",
        license="mit",
        chat=True,
    )


def unmeasured(submission: Submission) -> SiteEntry:
    """Return an entry without results."""
    return SiteEntry("org--model/variant", "org--model", "variant", submission, (), (), None, "")


@pytest.mark.parametrize("name", running.templates())
def test_commands_are_shell_and_python(name: str) -> None:
    """Each command is one that bash can parse, and the program inside one that Python can."""
    text = running.command(name, given(), 4096, 2)

    assert not [key for key in ("MODEL", "REVISION", "DTYPE", "CONTEXT", "BATCH") if key in text]
    assert "a1b2c3d4" * 5 in text
    subprocess.run(["bash", "-n"], input=text.encode(), check=True)
    if name.startswith(("chat", "text")):
        lines = text.splitlines()
        compile("\n".join(lines[1:-1]), name, "exec")


def test_vllm_gets_context_and_batch() -> None:
    """The server is bound to the tokens and sequences that were counted."""
    text = running.command("vllm", given(), 8192, 4)

    assert text == (
        "vllm serve quantizer/model --revision a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4a1b2c3d4 "
        "--dtype bfloat16 --max-model-len 8192 --max-num-seqs 4"
    )


@pytest.mark.parametrize(
    ("submission", "loaded", "served"),
    [
        (given("none", 16, "org/model"), "chat-stored", "vllm"),
        (given("nf4", 4, "org/model"), "chat-nf4", "vllm-nf4"),
        (given("nf4", 4), "chat-stored", "vllm"),
        (given("llm.int8", 8, "org/model"), "chat-llm.int8", ""),
        (given("llm.int8", 8), "chat-stored", "vllm"),
        (given("gptq", 8), "chat-stored", "vllm"),
        (given("gptq", 3), "chat-stored", ""),
        (given("gptq", 4, symmetric=False), "chat-stored", ""),
        (given("awq", 4), "chat-stored", "vllm"),
        (given("spqr", 4), "chat-stored", ""),
    ],
)
def test_recipes_choose_their_commands(submission: Submission, loaded: str, served: str) -> None:
    """Quantizing while loading is for the base alone; vLLM is left out where it can't serve."""
    assert running.transformers(unmeasured(submission)) == loaded
    assert running.vllm(unmeasured(submission)) == served


def test_awq_computes_in_float16() -> None:
    """AWQ's kernels take float16, whatever the submission says of the rest."""
    assert running.dtype(given("awq")) == "float16"
    assert running.dtype(given("gptq")) == "bfloat16"


def test_what_cant_be_fetched_has_no_command() -> None:
    """A local folder and a missing revision are said, and give no command."""
    local = given(model="local/mine")
    unpinned = given().model_copy(update={"revision": None})

    assert running.refusal(local) == "local/mine isn't published, so no command can fetch it."
    assert "names no revision" in running.refusal(unpinned)
    assert page.commands(unmeasured(local)) == page.commands(unmeasured(unpinned)) == {}
    assert set(page.commands(unmeasured(given()))) == {"transformers", "vllm"}


def test_page_says_why_there_is_no_command(tmp_path: Path) -> None:
    """The best entry that can't be fetched is chosen all the same; only without one nothing is."""
    folder = add_shaped(tmp_path, SHAPES[0], BASE)
    assert "No entry is chosen." not in made(tmp_path)["fit/index.html"]

    given = folder / "submission.yaml"
    text, count = re.subn(r"(?m)^model: .*$", "model: local/mine", given.read_text())
    assert count == 1
    given.write_text(text)
    shown = made(tmp_path)["fit/index.html"]
    assert "Run simulated/small-1.5B bf16" in shown
    assert "local/mine isn&#39;t published, so no command can fetch it." in shown
    assert "No entry is chosen." not in shown


def test_failed_probes_count_for_nothing(tmp_path: Path) -> None:
    """A probe that failed measures nothing, even where it carries figures."""
    folder = examples.add_entry(tmp_path, BASE, probe=False)
    result: UnitResult = probe_result("local--tiny-llama/bf16", BASE)
    failed = result.model_copy(update={"status": "failed", "reason": "out of memory"})
    write_result(folder, failed)

    assert fit.candidates(board(tmp_path))[0].missing == "no efficiency probe"
