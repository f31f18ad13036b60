"""The way out of a virtual browser."""
