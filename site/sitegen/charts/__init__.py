"""Draw charts with Altair: pure functions from a frame to a chart and its sentence."""
