"""The way out of a virtual browser: a proxy that knows listed destinations only, one process for each desktop."""
