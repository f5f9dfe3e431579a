"""Find how many tokens a forward pass over a token tree should take on this machine.

On a CPU the number hardly matters (`benchmarks/engine`), so it is fixed and results repeat to the last digit.
On a card passes grow until they no longer gain, or until a quarter of its free memory is taken; the number is
a power of two, stands in the result, and a pass that runs out of memory after all is tried again with half.
"""

import time
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch

from evaluator.scoring.output_head import hidden_states, input_device
from evaluator.scoring.tree.likelihoods import Sizes

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ON_A_CPU = Sizes(budget=1024, block=128)
SMALLEST, LARGEST, BLOCK_ON_A_CARD = 1024, 65536, 512
GAIN = 1.05  # tokens per second that a doubling must bring
SHARE = 0.25  # of the free memory that a pass may take

_MEASURED: "WeakKeyDictionary[PreTrainedModel, Sizes]" = WeakKeyDictionary()


def sizes_for(model: "PreTrainedModel") -> Sizes:
    """Return the sizes for a model where it lies, measured once."""
    if input_device(model).type == "cpu":
        return ON_A_CPU
    if model not in _MEASURED:
        _MEASURED[model] = Sizes(_measured(model), BLOCK_ON_A_CARD)
    return _MEASURED[model]


def _measured(model: "PreTrainedModel") -> int:
    """Double the tokens of a pass for as long as that pays and fits.

    Rows are as long as the smallest pass, so that attention costs the same in each.
    """
    free = torch.cuda.mem_get_info(input_device(model))[0]
    budget, speed = SMALLEST, 0.0
    tokens = SMALLEST
    while tokens <= LARGEST:
        try:
            seconds, taken = _tried(model, tokens)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            break
        if taken > SHARE * free or tokens / seconds < GAIN * speed:
            break
        budget, speed = tokens, tokens / seconds
        tokens *= 2
    return budget


def _tried(model: "PreTrainedModel", tokens: int) -> tuple[float, int]:
    """Return the seconds of the faster of two passes, and the bytes that they took."""
    device = input_device(model)
    rows = torch.zeros((tokens // SMALLEST, SMALLEST), dtype=torch.long, device=device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    seconds = []
    with torch.no_grad():
        for _ in range(3):  # the first warms up
            torch.cuda.synchronize(device)
            started = time.perf_counter()
            hidden_states(model, rows)
            torch.cuda.synchronize(device)
            seconds.append(time.perf_counter() - started)
    return min(seconds[1:]), torch.cuda.max_memory_allocated(device) - before
