"""Hold how a prompt gets into the model's own chat template, and out of the context's way."""

from pathlib import Path
from typing import Any

import pytest

from evaluator.scoring.computing import Computing

pytest.importorskip("lm_eval", reason="the extra `evaluate` isn't installed")

from evaluator.results import FLAGS
from evaluator.scoring import run_benchmark
from evaluator.scoring.engine import Engine
from evaluator.scoring.turns import shortened, turn_end
from evaluator.suites.definitions import load_suite
from tests.evaluator.byte_model import byte_llama, byte_tokenizer, write_rows

CONTEXT = 512
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n"
    "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% endif %}"
    "{% endif %}"
)
WITH_START = "<s>{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}"
MMLU = {
    "question": "Which is a colour?",
    "subject": "astronomy",
    "choices": ["red", "seven", "salt", "north"],
    "answer": 0,
}


@pytest.fixture(scope="module")
def model() -> Any:
    """Return a small random model."""
    return byte_llama(CONTEXT)


def engine(model: Any, template: str | None, *, adds_start: bool = False, chat: bool = True) -> Any:
    """Return an engine; `adds_start` says whether the tokenizer puts <s> before every text."""
    tokenizer = byte_tokenizer(template)
    if adds_start:
        from tokenizers import processors

        tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 1)]
        )
    return Engine(model, tokenizer, CONTEXT, Computing(batch_size=1), chat=chat, progress=False)


def asked(model: Any, folder: Path, name: str, row: dict[str, Any], template: str | None) -> Any:
    """Ask one row of a benchmark of suite `paper`."""
    benchmark = load_suite("paper").benchmark(name)
    write_rows(folder, benchmark.dataset.path, benchmark.dataset.split, [row])
    return run_benchmark(
        model,
        byte_tokenizer(template),
        CONTEXT,
        load_suite("paper"),
        benchmark,
        datasets_folder=folder,
        computing=Computing(batch_size=1, shared=False),  # a prompt passes whole
    )


def test_the_paper_asks_in_the_models_own_template(model: Any, tmp_path: Path) -> None:
    """The system line, the paper's prompt as the user's turn, and thinking told to stay out."""
    outcome = asked(model, tmp_path, "mmlu", MMLU, CHATML)
    assert outcome.texts[0]["prompt"] == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\nThe following is a multiple-choice question. Please choose the most suitable one "
        "among A, B, C and D as the answer to this question.\n\nWhich is a colour?\n"
        "A. red\nB. seven\nC. salt\nD. north<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    )
    assert outcome.decoding["enable_thinking"] is False
    assert outcome.decoding["until"] == []
    assert outcome.decoding["max_new_tokens_wanted"] == 512


def test_a_template_that_cannot_think_is_told_nothing(model: Any) -> None:
    """Some tokenizers refuse an argument they don't know."""
    assert engine(model, WITH_START).chat_template_args == {}
    assert engine(model, CHATML).chat_template_args == {"enable_thinking": False}


@pytest.mark.parametrize("template", [CHATML, WITH_START])
def test_a_templated_prompt_has_the_templates_special_tokens_alone(
    model: Any, template: str
) -> None:
    """The start is neither doubled nor added, as transformers itself encodes a chat."""
    asking = engine(model, template, adds_start=True)
    turns = [{"role": "user", "content": "Hi"}]
    prompt = asking.apply_chat_template(turns)
    own = asking.tokenizer.apply_chat_template(
        turns, add_generation_prompt=True, return_dict=False, **asking.chat_template_args
    )
    assert asking.tok_encode(prompt) == own
    assert asking.tok_batch_encode([prompt])[0].tolist() == [own]
    assert own.count(1) == (template == WITH_START)


def test_a_plain_prompt_gets_the_tokenizers_start(model: Any) -> None:
    """Without a template, the tokenizer's own habit holds."""
    assert engine(model, None, adds_start=True).tok_encode("Hi")[0] == 1
    assert engine(model, CHATML, adds_start=True, chat=False).tok_encode("Hi")[0] == 1


def test_a_document_beyond_the_context_loses_its_end(model: Any, tmp_path: Path) -> None:
    """The instruction, the turns and the mark for an answer stay, and the cut is counted."""
    seen: list[str] = []
    row = {"document": "".join(f"{n} " for n in range(400)), "summary": "Numbers."}
    handle = model.model.embed_tokens.register_forward_hook(
        lambda _, inputs, __: seen.append(byte_tokenizer().decode(inputs[0][0]))
    )
    outcome = asked(model, tmp_path, "xsum", row, CHATML)
    handle.remove()
    room = CONTEXT - CONTEXT // 4
    seen = [text for text in seen if text.startswith("<|im_start|>")]
    assert len(seen[0]) == room
    assert seen[0].startswith("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n")
    assert "Please summarize the following document.\n0 1 2 3 4 " in seen[0]
    assert seen[0].endswith("<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert outcome.truncated_prompts == 1
    assert outcome.columns["flags"][0] & FLAGS["truncated"]


def test_a_cut_takes_no_more_than_it_must() -> None:
    """As many words stay as fit; a prompt that closes otherwise is left alone."""
    assert turn_end(lambda turns: f"<{turns[0]['content']}>!") == ">!"
    assert shortened("<abcdef>!", ">!", 6, len) == "<abc>!"
    assert shortened("<abcdef>!", ">!", 1, len) == ">!"
    assert shortened("<abcdef>?", ">!", 6, len) == "<abcdef>?"
