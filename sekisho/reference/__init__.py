"""Reference pages generated from the code, so that they can't go stale unseen."""
