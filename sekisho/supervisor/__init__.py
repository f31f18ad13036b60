"""Starts the processes of one host as siblings, watches them, and leaves none behind."""
