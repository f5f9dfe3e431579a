"""What other programs read: the API and its schema, downloads, badges, cards, metadata, exports."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from huggingface_hub import parse_eval_result_entries
from PIL import Image
from sitegen import downloads, tables
from sitegen.build import build
from sitegen.contents import Contents
from sitegen.machines import addresses, badges, cards, citations, huggingface, metadata
from sitegen.machines.addresses import Published
from sitegen.machines.schema import FILES
from sitegen.machines.standings import standings
from sitegen.metrics import Figure

from evaluator.errors import InputError
from evaluator.reported.importer import import_reported
from evaluator.suites.definitions import load_suite
from tests.sitegen import examples
from tests.sitegen.machine_files import REASON, URL, later, made

NAME = "local--tiny-llama/gptq-4bit-g128"
Files = dict[str, bytes]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Contents, Files]:
    """Return the files of a tree with every kind of entry: measured, failed, superseded, reported."""
    root = examples.full_tree(tmp_path_factory.mktemp("machines") / "submissions")
    later(root / "local--tiny-llama" / "bnb-int8", "mmlu", 2)
    later(root / "local--tiny-llama" / "bnb-int8", "mmlu", 3, "failed", day=22)
    import_reported(Path("jin-2024.csv"), Path("jin-2024.yaml"), root)
    return made(root)


@pytest.fixture(scope="module")
def site(whole: tuple[Contents, Files]) -> Contents:
    """Return what the site knows."""
    return whole[0]


@pytest.fixture(scope="module")
def files(whole: tuple[Contents, Files]) -> Files:
    """Return the files by path."""
    return whole[1]


def read(files: Files, path: str) -> Any:
    """Return a file of the API."""
    return json.loads(files[f"api/v1/{path}"])


def test_every_file_fits_the_schema(files: Files) -> None:
    """Each file of the API is what its own part of the schema says, and there is a file of each kind."""
    schema = read(files, "schema.json")
    seen = set()
    for path in files:
        inner = path.removeprefix("api/v1/")
        if inner == path or inner == "schema.json":
            continue
        kind = next(model for start, model in FILES.items() if inner.startswith(start))
        seen.add(kind)
        part = {"$ref": f"#/$defs/{kind.__name__}", "$defs": schema["$defs"]}
        jsonschema.Draft202012Validator(part).validate(read(files, inner))
    assert seen == set(FILES.values())


def test_schema_refuses_what_it_does_not_name(files: Files) -> None:
    """A misspelt field isn't an entry's file."""
    schema = read(files, "schema.json")
    entry = read(files, f"entries/{NAME}.json")
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(entry)
    assert not validator.is_valid(entry | {"scoer": 1})


def test_entry_file_says_everything(files: Files) -> None:
    """An entry's file has score, interval, base, difference, efficiency, hashes and commands."""
    entry = read(files, f"entries/{NAME}.json")
    assert entry["base"] == "local--tiny-llama/bf16"
    suite = entry["suites"][0]
    assert suite["score"]["low"] < suite["score"]["value"] < suite["score"]["high"]
    mmlu = suite["benchmarks"]["mmlu"]
    assert mmlu["metrics"][mmlu["headline"]]["n"] == examples.ITEMS
    compared = mmlu["compared"]
    assert compared["difference"]["value"] == pytest.approx(
        mmlu["metrics"]["accuracy"]["value"] - compared["base"]["value"], abs=1e-3
    )
    assert re.fullmatch(r"[0-9a-f]{64}", mmlu["file"]["sha256"])
    assert entry["commands"][0].startswith("quantboard run")
    disk = entry["efficiency"][0]["metrics"]["disk_bytes"]
    assert disk == {"value": 4_268_160_000, "unit": "bytes"}


def test_entry_file_keeps_history(files: Files) -> None:
    """Superseded results stay, the current one names what it replaces and why."""
    entry = read(files, "entries/local--tiny-llama/bnb-int8.json")
    assert [one["path"] for one in entry["superseded"]] == [
        "results/mini@1/mmlu.2.json",
        "results/mini@1/mmlu.json",
    ]
    file = entry["suites"][0]["benchmarks"]["mmlu"]["file"]
    assert (file["status"], file["supersedes"]) == ("failed", "mmlu.2.json")
    assert file["supersedes_reason"] == REASON


def test_entry_files_are_small(files: Files) -> None:
    """No entry takes more than 15 kB, so that ten thousand fit."""
    sizes = [len(files[path]) for path in files if path.startswith("api/v1/entries/")]
    assert max(sizes) < 15_000 + 2 * len(REASON)  # of which one entry has two


def test_reported_entries_have_no_intervals(files: Files) -> None:
    """What a paper reports is marked and stands without intervals and p-values."""
    text = files["api/v1/entries/Qwen--Qwen-7B-Chat/gptq-4bit-g128-jin-2024.json"].decode()
    entry = json.loads(text)
    assert {one["status"] for one in entry["suites"]} == {"reported"}
    assert '"low"' not in text
    assert '"p":' not in text


def test_index_names_what_there_is(files: Files) -> None:
    """The index counts entries, lists families and limitations, and its paths exist."""
    index = read(files, "index.json")
    assert index["entries"] == sum(one["entries"] for one in index["families"]) == 40
    assert len(index["data_limitations"]) >= 5
    assert index["updated"] == "2026-11-22T10:00:00Z"
    for path in index["paths"].values():
        assert path.format(entry=NAME, family="local--tiny-llama") in files
    for suite in index["suites"]:
        assert {suite["csv"], suite["parquet"]} <= files.keys()
    for family in index["families"]:
        members = read(files, family["file"])["entries"]
        assert all(f"api/v1/{one['file']}" in files for one in members)


def test_parquet_holds_the_board(site: Contents, files: Files) -> None:
    """The parquet file has the rows and columns of the CSV, numbers as numbers, and nothing of its maker."""
    table = pq.read_table(io.BytesIO(files["leaderboard.parquet"]))
    written = pd.read_csv(io.BytesIO(files["leaderboard.csv"]))
    assert table.column_names == list(written.columns)
    assert table.num_rows == len(written)
    assert str(table.schema.field("score_percent").type) == "double"
    assert str(table.schema.field("tie_group").type) == "int64"
    assert table.schema.metadata is None
    frame = tables.frame(site.boards[0])
    assert downloads.parquet(frame) == downloads.parquet(frame.copy())


@pytest.mark.parametrize(
    ("figure", "status", "message", "color"),
    [
        (Figure(99.4, 98.7, 100.1), "ranked", "99.4 ± 0.7 % of base", badges.GREEN),
        (Figure(97.0, 96.0, 98.0), "ranked", "97.0 ± 1.0 % of base", badges.YELLOW),
        (Figure(70.0, 69.0, 71.0), "ranked", "70.0 ± 1.0 % of base", badges.ORANGE),
        (Figure(70.0), "reported", "70.0 % of base, reported", badges.GREY),
        (None, "unranked", "unranked", badges.GREY),
        (Figure(70.0), "failed", "failed", badges.RED),
    ],
)
def test_badge_says_what_its_color_means(
    site: Contents, figure: Figure | None, status: Any, message: str, color: str
) -> None:
    """A retention's colour says whether a loss is shown; what isn't ranked is grey and says so."""
    standing = standings(site.boards)[NAME][0]
    figures = {"retention": figure} if figure else {}
    row = type(standing.row)(standing.row.entry, status, figures)
    found = badges.badge("retention", type(standing)(standing.table, row))
    assert (found.message, found.color) == (message, color)


def test_badges_of_every_entry(site: Contents, files: Files) -> None:
    """Each entry has both badges, as JSON of shields' form and as SVG that XML readers take."""
    for entry in site.data.entries:
        for kind in badges.KINDS:
            fields = json.loads(files[badges.path(entry.name, kind, "json")])
            assert set(fields) == {"schemaVersion", "label", "message", "color"}
            root = ElementTree.fromstring(files[badges.path(entry.name, kind)])  # noqa: S314
            title = root.find("{http://www.w3.org/2000/svg}title")
            assert title is not None
            assert title.text == f"quantboard: {fields['message']}"


def test_hostile_badge_is_text() -> None:
    """Markup in a message is escaped, and what turns text around is gone."""
    made = badges.svg(badges.Badge('<script>"&\u202e\x00' + "x" * 10_000, badges.GREY))
    ElementTree.fromstring(made)  # noqa: S314
    assert "<script" not in made
    assert "\u202e" not in made
    assert len(made) < 2_000


def test_snippets_need_the_address() -> None:
    """With an address a snippet is whole; without, it holds paths from the root."""
    score = badges.snippets(NAME, URL)[0]
    assert score.markdown == (
        f"[![quantboard score]({URL}badges/{NAME}/score.svg)]({URL}entries/{NAME}/)"
    )
    assert f"]({'entries/' + NAME}/index.html)" in badges.snippets(NAME, None)[0].markdown


def test_cards_are_small_pictures(files: Files) -> None:
    """Every entry and family has a card of 800 x 420 pixels and at most 8 kB."""
    found = [path for path in files if path.endswith("card.png")]
    assert len(found) == 40 + 5 + 1
    for path in found:
        assert len(files[path]) <= 8_000, path
    assert Image.open(io.BytesIO(files[f"entries/{NAME}/card.png"])).size == (800, 420)


def test_cards_are_the_same_bytes(site: Contents, files: Files) -> None:
    """Drawing a card again gives the same bytes, and two entries' differ."""
    found = standings(site.boards)
    by_name = {entry.name: entry for entry in site.data.entries}
    again = cards.entry_card(by_name[NAME], found[NAME])
    assert again == files[f"entries/{NAME}/card.png"]
    assert again != files["entries/local--tiny-llama/bf16/card.png"]


@pytest.mark.parametrize("text", ["x" * 10_000, "<b>\u202e\x00", "", "漢字", "−1"])
def test_card_takes_any_text(text: str) -> None:
    """A long, empty or hostile text is cut to the card, and still gives a card."""
    card = cards.Card()
    card.text(text, 72, 150, 80, "ink")
    assert Image.open(io.BytesIO(card.png())).size == cards.SIZE


def test_sitemap_lists_every_page(site: Contents, files: Files) -> None:
    """Each page stands in the map with its date, and robots are told of it."""
    space = {"s": metadata.NAMESPACE}
    root = ElementTree.fromstring(files["sitemap.xml"])  # noqa: S314
    listed = [one.text for one in root.findall("s:url/s:loc", space)]
    assert listed == [f"{URL}changes/"]  # the only page that this test makes
    assert root.findtext("s:url/s:lastmod", None, space) == "2026-11-22"
    assert f"Sitemap: {URL}sitemap.xml" in files["robots.txt"].decode()


def test_sitemap_of_many_pages_is_several() -> None:
    """More than 50,000 addresses make several files and an index of them."""
    paths = [f"entries/a--b/v{number}/index.html" for number in range(50_001)]
    found = metadata.sitemap(URL, [*paths, "404.html", "feed.xml"], {"": "2026-01-01"})
    assert sorted(found) == ["sitemap-1.xml", "sitemap-2.xml", "sitemap.xml"]
    assert found["sitemap-1.xml"].count("<url>") == 50_000
    assert found["sitemap-2.xml"].count("<url>") == 1
    assert f"<loc>{URL}sitemap-2.xml</loc>" in found["sitemap.xml"]


def test_dataset_is_described(site: Contents) -> None:
    """The description names licence, date and a download of each form, at whole addresses."""
    found = metadata.dataset(site)
    assert (found["@type"], found["url"]) == ("Dataset", URL)
    assert found["dateModified"] == "2026-11-22T10:00:00Z"
    addresses_ = {one["contentUrl"] for one in found["distribution"]}
    assert f"{URL}leaderboard.parquet" in addresses_
    assert all(one.startswith(URL) for one in addresses_)


def test_without_an_address_nothing_needs_one(tmp_path: Path) -> None:
    """A site that doesn't know its address has no feed, site map, canonical link or shared picture."""
    examples.add_entry(tmp_path, examples.RECIPES[0])
    _, found = made(tmp_path, None)
    assert not {"feed.xml", "sitemap.xml", "robots.txt"} & found.keys()
    page = found["changes/index.html"].decode()
    assert "canonical" not in page
    assert "og:image" not in page
    assert "feed.xml" not in page
    assert read(found, "index.json")["families"][0]["entries"] == 1


def test_pages_know_their_address_and_picture(files: Files) -> None:
    """A page names its address and a picture with size and words."""
    page = files["changes/index.html"].decode()
    assert f'<link rel="canonical" href="{URL}changes/">' in page
    assert f'<meta property="og:image" content="{URL}card.png">' in page
    for name in ("og:image:width", "og:image:alt", "og:description", "og:url"):
        assert f'property="{name}"' in page
    assert addresses.card("entries/a--b/c/index.html") == "entries/a--b/c/card.png"


def test_no_entries_still_give_files(tmp_path: Path) -> None:
    """An empty board has an index, a schema, downloads and a card."""
    _, found = made(tmp_path)
    assert read(found, "index.json")["entries"] == 0
    assert read(found, "leaderboard.json")["suites"] == []
    assert pq.read_table(io.BytesIO(found["leaderboard.parquet"])).num_rows == 0
    assert {"card.png", "api/v1/schema.json", "feed.xml"} <= found.keys()


@pytest.mark.parametrize("url", ["https://example.org/a", "http://localhost:8000", URL])
def test_addresses_end_in_a_slash(url: str) -> None:
    """An address is taken as it stands, with one slash at its end."""
    assert addresses.checked(url, "an address") == url.rstrip("/") + "/"


@pytest.mark.parametrize(
    "url",
    [
        "example.org",
        "http://example.org/",
        "ftp://example.org",
        "https://user@example.org/",
        "https://example.org/?a=1",
        "https://example.org/#a",
        'https://example.org/"><script>',
        "javascript:alert(1)",
        "https://",
        "https://[::1",
        "",
    ],
)
def test_bad_addresses_are_one_sentence(url: str, tmp_path: Path) -> None:
    """What can't be the site's address is refused before anything is written."""
    (tmp_path / "submissions").mkdir()
    with pytest.raises(InputError, match="can't be the site's address"):
        build(tmp_path / "submissions", tmp_path / "_site", published=Published(url))
    assert not (tmp_path / "_site").exists()


def test_export_is_what_the_hub_reads(tmp_path: Path) -> None:
    """The Hub's own reader takes the file: data set, commit, value, date, source and notes."""
    folder = examples.write_submission(tmp_path, examples.submission(examples.RECIPES[0]))
    mmlu = load_suite("paper").benchmark("mmlu")
    result = examples.benchmark_result("local--tiny-llama/bf16", examples.RECIPES[0], mmlu, "paper")
    used = result.provenance.datasets[0].model_copy(
        update={"path": "cais/mmlu", "revision": "c0ffee00" * 5}
    )
    provenance = result.provenance.model_copy(update={"datasets": [used]})
    examples.write_result(folder, result.model_copy(update={"provenance": provenance}))
    _, found = made(tmp_path)
    text = found[huggingface.path("local--tiny-llama/bf16")]
    (record,) = parse_eval_result_entries(yaml.safe_load(text))
    value = result.metrics["accuracy"].value
    assert value is not None
    assert record.value == pytest.approx(100 * value)
    assert (record.dataset_id, record.dataset_revision) == ("cais/mmlu", "c0ffee00" * 5)
    assert (record.task_id, record.date) == ("default", examples.TIMING.finished)
    assert record.source_url == f"{URL}entries/local--tiny-llama/bf16/"
    assert str(record.notes).startswith("quantboard paper@1, MMLU, Accuracy, in %, 95 % interval")


def test_papers_and_local_models_have_no_export(files: Files) -> None:
    """What a paper reports, and what only the embedded suite measured, isn't for a model's repository."""
    assert not [path for path in files if path.endswith("eval_results.yaml")]


def test_citation_escapes_what_latex_reads(site: Contents) -> None:
    """A reported entry's citation names the paper; braces and commands of strangers are gone."""
    by_name = {entry.name: entry for entry in site.data.entries}
    entry = by_name["Qwen--Qwen-7B-Chat/gptq-4bit-g128-jin-2024"]
    cited = citations.citation(entry, URL)
    assert "Reported in: Renren Jin" in cited
    assert f"{URL}entries/{entry.name}/" in cited
    update = {"citation": "}\n\\input{/etc/passwd} 100% {x"}
    measured = by_name[NAME]
    hostile = replace(measured, submission=measured.submission.model_copy(update=update))
    note = citations.citation(hostile, None).splitlines()[-2]
    assert note == "  note = {Measured until 2026-11-20. Model: input /etc/passwd 100\\% x},"


def test_no_download_holds_a_formula(tmp_path: Path) -> None:
    """A citation that a spreadsheet would run gets an apostrophe in the CSV, elsewhere it stays whole."""
    formula = "=cmd|'/c calc'!A1 <b>\u202e" + "x" * 1900
    update = {"source": "reported", "citation": formula, "license": "@SUM(A1)" * 20}
    said = examples.submission(examples.RECIPES[0]).model_copy(update=update)
    folder = examples.write_submission(tmp_path, said)
    mmlu = load_suite("mini").benchmark("mmlu")
    examples.write_result(
        folder, examples.benchmark_result("local--tiny-llama/bf16", examples.RECIPES[0], mmlu)
    )
    _, found = made(tmp_path)
    (row,) = csv.DictReader(io.StringIO(found["leaderboard.csv"].decode(), newline=""))
    assert row["paper"] == "'" + formula
    assert read(found, "leaderboard.json")["suites"][0]["entries"][0]["paper"] == formula
    table = pq.read_table(io.BytesIO(found["leaderboard.parquet"]))
    assert table["paper"].to_pylist() == [formula]
    assert read(found, "entries/local--tiny-llama/bf16.json")["submission"]["citation"] == formula
    assert "\u202e" not in found["feed.xml"].decode()
