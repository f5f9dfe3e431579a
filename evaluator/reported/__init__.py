"""Bring a publication's figures onto the board, cited: entries of source `reported`, and nothing else."""
