"""Compare a model's next-token distributions with its base's, one of the two in memory at a time.

`asked` says at which positions, `passes` computes logits there, `kept` holds the base's on disk, `compare`
compares, `base` and `unit` are the two sides' runs.
"""
