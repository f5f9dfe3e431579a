"""Read log-likelihoods of wanted tokens off an output head, a part of the vocabulary at a time.

The log of the softmax's sum is gathered part by part, with the largest logit so far taken out (as in Milakov
and Gimelshein, "Online normalizer calculation for softmax", arXiv 1805.02867), so that logits are used while
they lie in a processor's cache, and of no position are all of them there at once.
"""

import numpy as np
import torch

from evaluator.scoring.output_head import OutputHead
from evaluator.scoring.tree.token_tree import Integers


def target_scores(
    head: OutputHead, states: torch.Tensor, rows: Integers, targets: Integers
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return targets' log-likelihoods, in nats (M, float32), and whether each has the highest logit (M).

    `states` are hidden states (N x size); `rows` (M) says behind which of them each of the targets (M) is
    looked for. Among equal logits the first one in the vocabulary is the highest, as for `argmax`.
    """
    order = np.argsort(targets, kind="stable")
    wanted, device = targets[order], states.device
    behind = torch.from_numpy(rows[order]).to(device)
    chosen = torch.zeros(len(targets), dtype=torch.float32, device=device)
    first = torch.zeros(len(targets), dtype=torch.bool, device=device)
    # the lowest number, not infinity: a part may hold nothing but excluded tokens
    highest = torch.full((len(states),), torch.finfo(torch.float32).min, device=device)
    total = torch.zeros_like(highest)
    for start, logits in head.parts(states):
        peak = logits.amax(dim=-1)
        some = slice(*np.searchsorted(wanted, [start, start + logits.shape[1]]))
        if some.start < some.stop:
            where = behind[some]
            columns = torch.from_numpy(wanted[some] - start).to(device)
            chosen[some] = logits[where, columns]
            leads = (chosen[some] == peak[where]) & (peak > highest)[where]
            # argmax, which says who is first among equals, takes several times as long as amax
            leads[leads.clone()] = logits[where[leads]].argmax(dim=-1) == columns[leads]
            first[some] = leads
        before, highest = highest, torch.maximum(highest, peak)
        part = logits.sub_(highest[:, None]).exp_().sum(dim=-1)
        total = total * (before - highest).exp_() + part
    values = chosen - (highest + total.log())[behind]
    back = torch.from_numpy(np.argsort(order, kind="stable")).to(device)
    return values[back], (first & (chosen == highest[behind]))[back]
