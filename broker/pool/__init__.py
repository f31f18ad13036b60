"""Pools: which desktop somebody gets, and the reconciler that keeps desktops as they should be."""
