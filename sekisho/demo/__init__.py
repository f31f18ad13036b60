"""The demo city: its people, its directory, its RDP host, and the secrets that its first start makes."""
