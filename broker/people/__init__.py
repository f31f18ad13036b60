"""What the IT desk does about people: lock, unlock, reset a factor, end all sign-ins."""
