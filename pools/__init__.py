"""Desktop providers and what they stand on."""
