"""Bad CSVs and bad publication files: every problem is named at once, and nothing is written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.errors import InputError
from evaluator.reported.importer import import_reported

PACKAGE = Path(__file__).resolve().parents[2] / "evaluator" / "reported"
FIGURES, PAPER = PACKAGE / "jin-2024.csv", PACKAGE / "jin-2024.yaml"


def changed(tmp_path: Path, change: Callable[[list[str]], list[str]]) -> Path:
    """Return a copy of the CSV with its lines changed."""
    file = tmp_path / "figures.csv"
    file.write_text("\n".join(change(FIGURES.read_text().splitlines())) + "\n")
    return file


def refusal(figures: Path, paper: Path, output: Path) -> str:
    """Return why an import is refused; nothing may have been written."""
    with pytest.raises(InputError) as caught:
        import_reported(figures, paper, output)
    assert not output.exists()
    return str(caught.value)


def test_every_bad_row_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    """An unknown model, method, metric or width, a repeated, empty or foreign value: all are named."""

    def spoil(lines: list[str]) -> list[str]:
        def swap(place: int, old: str, new: str) -> None:
            assert old in lines[place]
            lines[place] = lines[place].replace(old, new)

        swap(1, "Qwen-7B-Chat", "Qwen-8B-Chat")
        swap(2, "llm.int8", "awq")
        swap(3, "bleu", "comet")
        swap(4, ",8,", ",5,")
        lines[5] = ",".join([*lines[5].split(",")[:5], "", *lines[5].split(",")[6:]])
        lines[6] = ",".join([*lines[6].split(",")[:5], "n/a", *lines[6].split(",")[6:]])
        return [*lines, lines[8]]

    problems = refusal(changed(tmp_path, spoil), PAPER, tmp_path / "out").splitlines()
    for line, words in (
        (2, "model 'Qwen-8B-Chat' isn't in the paper's file"),
        (3, "method 'awq' isn't in the paper's file"),
        (4, "figure 'flores200_en_zh/comet' isn't in the paper's file"),
        (5, "method spqr has no '5' nominal_bits"),
        (6, "flores200_en_zh/bleu has no value"),
        (7, "which isn't a number"),
        (692, "stands in line 9 already"),
    ):
        assert any(f":{line}: " in one and words in one for one in problems), (line, words)


def test_a_missing_row_is_named(tmp_path: Path) -> None:
    """A configuration that lacks a figure is named at its first line."""
    figures = changed(tmp_path, lambda lines: [*lines[:1], *lines[2:]])
    (problem,) = refusal(figures, PAPER, tmp_path / "out").splitlines()
    assert "Qwen-7B-Chat, none, 16 bits has no flores200_en_zh/bleu" in problem


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("bleu,32.02", "bleu,nan", "isn't a number"),
        ("bleu,32.02", "bleu,inf", "isn't a number"),
        ("bleu,32.02", "bleu,3_2", "isn't a number"),
        ("bleu,32.02", "bleu,320.2", "becomes 320.2, outside of 0 to 100"),
        ("bleu,32.02,percent", "bleu,32.02,fraction", "has unit 'fraction'"),
        ("bleu,32.02,percent,True", "bleu,32.02,percent,False", "higher_is_better 'False'"),
    ],
)
def test_a_figure_of_another_meaning_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    """Number, unit, direction and range must be those of the metric."""
    figures = changed(tmp_path, lambda lines: [line.replace(old, new) for line in lines])
    (problem,) = refusal(figures, PAPER, tmp_path / "out").splitlines()
    assert problem.startswith(f"{figures}:2: ")
    assert words in problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "give model, method"),
        ("model,method\n", "has the columns model, method"),
        (FIGURES.read_text().splitlines()[0] + "\n", "holds no figures"),
    ],
)
def test_another_table_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """A file without the columns, or without a row, is one sentence."""
    figures = tmp_path / "figures.csv"
    figures.write_text(text)
    assert words in refusal(figures, PAPER, tmp_path / "out")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("key: jin-2024", "key: Jin 2024", "key is 'Jin 2024'"),
        ("suite: paper@1", "suite: paper@9", "suite paper@9 isn't here"),
        ("  mmlu:\n", "  mmlv:\n", "no benchmark 'mmlv'"),
        ("{figure: mmlu/accuracy", "{figur: mmlu/accuracy", "figur"),
        ("rouge1: {figure: xsum/rouge1", "rouge7: {figure: xsum/rouge1", "no metric 'rouge7'"),
        ("figure: xsum/rouge1", "figure: xsum/rouge2", "is used twice"),
        ("methods: [gptq]", "methods: [gptp]", "no methods 'gptp'"),
        ("    group_size: 128\n", "", "no group_size"),
        ("citation: Renren", "citations: Renren", "citation is missing"),
        ("    group_size: 16\n", "    group_size: 17\n", "group_size 17"),
    ],
)
def test_a_bad_publication_file_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    """What the file says wrongly is named, with its place."""
    paper = tmp_path / "paper.yaml"
    text = PAPER.read_text()
    assert old in text
    paper.write_text(text.replace(old, new, 1))
    found = refusal(FIGURES, paper, tmp_path / "out")
    assert words in found
    assert str(paper) in found
