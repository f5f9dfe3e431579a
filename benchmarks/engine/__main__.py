"""Measure the engine against lm-eval: `python -m benchmarks.engine --datasets DIR`."""

import sys

from benchmarks.engine.main import main

if __name__ == "__main__":
    sys.exit(main())
