"""A walk through a running site as a staff member takes it: sign in, open, see, type, leave, come back, log off."""
