"""Generate greedily by continuous batching: who is done leaves at once, and the next prompt takes the place.

`prefill` passes the tree of all prompts through the model, each shared prefix once, and leaves each prompt's
keys and values in a slot; `attention` lets each row's new token attend to its own slot; `continuous` runs
both. `paged` hands the same prompts to transformers' own continuous batching, and `choose` finds out which of
the two is faster where that isn't known beforehand.
"""
