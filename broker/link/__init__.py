"""The broker's end of the wire: gateways and agents dial in here."""
