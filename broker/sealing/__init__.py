"""Sealing keys: which one seals, which brokers hold it, and how all values move to a new one."""
