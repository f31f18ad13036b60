"""The portal's face: pages, console and REST API. It parses, asks one service, and shows the answer."""
