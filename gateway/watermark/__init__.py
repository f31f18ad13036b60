"""The watermark: a tile with the text, repeated on a layer of the gateway's own above the picture."""
