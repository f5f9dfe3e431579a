"""Write numbers and names as people read them: units, intervals, dates, the words for methods."""

from collections.abc import Mapping, Sequence

from evaluator.results import JudgeUsed, Quantization
from sitegen.metrics import Figure
from sitegen.places import Place

METHOD_TITLES: dict[str, str] = {
    "none": "unquantized",
    "llm.int8": "LLM.int8()",
    "nf4": "NF4",
    "gptq": "GPTQ",
    "awq": "AWQ",
    "spqr": "SpQR",
}
METHOD_TEXTS: dict[str, str] = {
    "none": "The weights as they were published, in 16 or 32 bits. Every quantized entry is compared with "
    "one of these.",
    "llm.int8": "Rounds weights and activations to 8-bit integers while the model runs, and keeps the few "
    "columns with outliers in 16 bits (Dettmers et al. 2022, bitsandbytes). Needs no calibration.",
    "nf4": "Stores weights in 4 bits at the quantiles of a normal distribution, one scale per block of 64 "
    "(Dettmers et al. 2023, QLoRA, bitsandbytes). Needs no calibration.",
    "gptq": "Rounds the weights of a layer one column after the other and corrects the columns still to "
    "come, so that the layer's output on calibration texts changes least (Frantar et al. 2023). "
    "8, 4, 3 or 2 bits.",
    "awq": "Scales up the weight channels that meet large activations on calibration texts before rounding "
    "to 4 bits, so that they lose less (Lin et al. 2024).",
    "spqr": "Keeps the weights that hurt most as 16-bit outliers and rounds the rest in small groups "
    "(Dettmers et al. 2024). Its effective bits are well above its nominal ones.",
}
MINUS = "\u2212"
NOISE = 1e-9  # a side of an interval that is only the rounding of sums
# By a metric's display.
UNITS = {"percent": "%", "number": "", "nats": "nats", "questions": "questions"}
DIGITS = {"percent": 1, "number": 2, "nats": 6, "questions": 0}


def number(value: float, digits: int = 1, *, signed: bool = False) -> str:
    """Return a number with grouped thousands and a real minus sign; very large ones in powers of ten."""
    if abs(value) >= 1e6:
        return f"{value:.1e}".replace("e+0", "e").replace("e+", "e").replace("-", MINUS)
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    if not text.strip("+-0.,"):
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def spread(shown: Figure, digits: int = 1) -> str:
    """Return the 95 % interval as `± 0.8`, or as `+0.9 −0.7` where its two sides differ.

    One that rounds to 0 without being 0 is `± < 0.05`: `± 0.0` would claim certainty.
    """
    if shown.low is None or shown.high is None:
        return ""
    above, below = shown.high - shown.value, shown.value - shown.low
    up, down = number(above, digits), number(below, digits)
    if up != down:
        return f"+{up} {MINUS}{down}"
    unseen = max(above, below) > NOISE and up == number(0, digits)
    return f"± < {number(10**-digits / 2, digits + 1)}" if unseen else f"± {up}"


def interval(shown: Figure, digits: int = 1) -> str:
    """Return the 95 % interval as `69.4 to 71.0`."""
    if shown.low is None or shown.high is None:
        return ""
    return f"{number(shown.low, digits)} to {number(shown.high, digits)}"


def rank(place: Place) -> str:
    """Return a range of ranks as `3` or `1–4`."""
    best, worst = place.best, place.worst
    return str(best) if best == worst else f"{best}\u2013{worst}"


def front(fronts: Mapping[str, bool], hardware: Sequence[str]) -> str:
    """Return what nothing beats an entry in, such as `nothing smaller is better`."""
    on = [name for place, name in enumerate(hardware) if fronts.get(f"speed{place}")]
    found = ["smaller"] if fronts.get("size") else []
    if on:
        found.append(f"faster on {' or '.join(on)}" if len(hardware) > 1 else "faster")
    return f"nothing {' or '.join(found)} is better" if found else ""


def p_value(p: float) -> str:
    """Return a p-value as `0.023`, tiny ones as `< 0.001`."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def method_title(method: str) -> str:
    """Return a method's name as people write it."""
    return METHOD_TITLES.get(method, method)


def recipe(quantization: Quantization) -> list[tuple[str, str]]:
    """Return the recipe as label and value; what wasn't said is left out."""
    group = quantization.group_size
    yes_no = {True: "yes", False: "no", None: ""}
    tool = " ".join(filter(None, (quantization.tool, quantization.tool_version)))
    rows = [
        ("Method", method_title(quantization.method)),
        ("Nominal bits per weight", f"{quantization.bits} bits"),
        ("Weights per scale", "one output row" if group == -1 else str(group or "")),
        ("Symmetric", yes_no[quantization.symmetric]),
        ("Columns by activation order", yes_no[quantization.act_order]),
        ("Made with", tool),
        ("Calibration", _calibration(quantization)),
    ]
    return [(label, value) for label, value in rows if value]


def judge(used: JudgeUsed | None) -> str:
    """Return everything that makes a judge the one it is; nothing where code alone decides."""
    if used is None or used.mode == "rules":
        return ""
    served = [name for name in used.served if name != used.model]
    parts = [
        used.model or f"a {used.mode} model",
        f"revision {used.revision}" if used.revision else "",
        f"files {used.files_hash}" if used.files_hash else "",
        f"at {used.host}" if used.host else "",
        f"answered as {', '.join(served)}" if served else "",
        f"question {used.prompt_version}" if used.prompt_version else "",
        ", ".join(f"{key} {used.settings[key]}" for key in sorted(used.settings)),
    ]
    return ", ".join(filter(None, parts))


def _calibration(quantization: Quantization) -> str:
    used = quantization.calibration
    if used is None:
        return ""
    parts = [used.dataset]
    parts += [f"{used.samples} texts"] if used.samples else []
    parts += [f"{used.sequence_length} tokens each"] if used.sequence_length else []
    return ", ".join(parts)
