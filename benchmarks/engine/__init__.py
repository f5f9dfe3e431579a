"""Measure the engine against lm-eval's own `HFLM`: time, tokens, memory, scores, side by side in one run."""
