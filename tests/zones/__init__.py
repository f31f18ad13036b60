"""Three networks that stay apart: the proof in network namespaces."""
