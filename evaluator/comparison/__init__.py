"""Compare entries on the items that both answered."""
