"""Write the commands that run an entry: its checkpoint at its pinned revision, loaded as it was measured.

Commands are templates with `{MODEL}`, `{REVISION}`, `{DTYPE}`, `{CONTEXT}` and `{BATCH}`, so that a script in
a page can fill them too. vLLM quantizes to NF4 while loading but not to LLM.int8 (vllm-project/vllm, issue
11655), serves GPTQ of 4 and 8 symmetric bits alone (pull request 38288), and no SpQR.
"""

import shlex

from evaluator.results import Submission
from sitegen.entries import SiteEntry
from sitegen.loading import quantized_while_loading

VLLM = (
    "vllm serve {MODEL} --revision {REVISION} --dtype {DTYPE} "
    "--max-model-len {CONTEXT} --max-num-seqs {BATCH}"
)
VLLM_BITS = (4, 8)
LOADING = {
    "stored": "",
    "llm.int8": "\n    quantization_config=BitsAndBytesConfig(load_in_8bit=True),",
    "nf4": "\n    quantization_config=BitsAndBytesConfig("
    '\n        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype="{DTYPE}"\n    ),',
}
PROMPTS = {
    "chat": 'turns = [{"role": "user", "content": "What is a prime number?"}]\n'
    "inputs = tokenizer.apply_chat_template(\n"
    '    turns, add_generation_prompt=True, return_tensors="pt", return_dict=True\n)',
    "text": 'inputs = tokenizer("A prime number is", return_tensors="pt")',
}
TRANSFORMERS = """python3 - <<'END'
from transformers import AutoModelForCausalLM, AutoTokenizer%(imports)s

name, revision = "{MODEL}", "{REVISION}"
tokenizer = AutoTokenizer.from_pretrained(name, revision=revision)
model = AutoModelForCausalLM.from_pretrained(
    name, revision=revision, dtype="{DTYPE}", device_map="auto", use_safetensors=True,%(loading)s
)
%(prompt)s
output = model.generate(**inputs.to(model.device), max_new_tokens=200, do_sample=False)
print(tokenizer.decode(output[0], skip_special_tokens=True))
END"""


def templates() -> dict[str, str]:
    """Return every command's template by the name that `transformers` and `vllm` give."""
    found = {"vllm": VLLM, "vllm-nf4": f"{VLLM} --quantization bitsandbytes"}
    for prompt, asked in PROMPTS.items():
        for loading, option in LOADING.items():
            parts = {
                "imports": ", BitsAndBytesConfig" if option else "",
                "loading": option,
                "prompt": asked,
            }
            found[f"{prompt}-{loading}"] = TRANSFORMERS % parts
    return found


def refusal(given: Submission) -> str:
    """Say why no command can be given; nothing where one can."""
    if given.model.startswith("local/"):
        return f"{given.model} isn't published, so no command can fetch it."
    if given.revision is None:
        return f"The submission names no revision of {given.model}, so no command can pin it."
    return ""


def transformers(entry: SiteEntry) -> str:
    """Return the name of the template that loads an entry as the evaluator does."""
    return f"{'chat' if entry.submission.chat else 'text'}-{_loading(entry)}"


def vllm(entry: SiteEntry) -> str:
    """Return the name of the template that serves an entry with vLLM; nothing where it can't."""
    recipe, loading = entry.submission.quantization, _loading(entry)
    if recipe.method == "spqr" or loading == "llm.int8":
        return ""
    if recipe.method == "gptq" and (recipe.bits not in VLLM_BITS or recipe.symmetric is False):
        return ""
    return "vllm-nf4" if loading == "nf4" else "vllm"


def dtype(given: Submission) -> str:
    """Return the dtype that the kernels compute in: AWQ's on a GPU take float16 alone."""
    return "float16" if given.quantization.method == "awq" else given.dtype


def _loading(entry: SiteEntry) -> str:
    """Return how the checkpoint is quantized while it is loaded; `stored` where it isn't."""
    return entry.submission.quantization.method if quantized_while_loading(entry) else "stored"


def command(name: str, given: Submission, context: int, batch: int) -> str:
    """Return a template's command for an entry, its model's name quoted for the shell."""
    values = {
        "MODEL": shlex.quote(given.model),
        "REVISION": shlex.quote(given.revision or ""),
        "DTYPE": dtype(given),
        "CONTEXT": str(context),
        "BATCH": str(batch),
    }
    text = templates()[name]
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text
