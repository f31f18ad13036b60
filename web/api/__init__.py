"""The REST API, version 1: one typed table of operations, the same services as the pages."""
