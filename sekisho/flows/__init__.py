"""``sekisho flows check``: what a host really reaches and filters, against the list of permitted flows."""
