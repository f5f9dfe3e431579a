"""Run a suite's benchmarks on a loaded model: the one place that knows lm-eval."""

from evaluator.scoring.outcome import Outcome
from evaluator.scoring.run import run_benchmark

__all__ = ["Outcome", "run_benchmark"]
