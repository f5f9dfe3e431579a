"""Test the paper's claims on a board's own entries: what is asked, what the figures say, the verdict."""
