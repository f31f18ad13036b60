"""What may cross, in each direction. Everything is decided by list; the default is nothing."""
