"""The core of Sekisho: who may open what, which desktop they get, and the books about it."""
