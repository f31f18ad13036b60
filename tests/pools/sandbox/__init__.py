"""The desktop sandbox."""
