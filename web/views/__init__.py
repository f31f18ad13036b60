"""Pages. Each view parses, asks one service, matches the result once."""
