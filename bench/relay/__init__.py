"""What the gateway costs beside other relays, all of them pinned to one core, in one run."""
