"""Sessions: from 'open' over ticket and tunnel to log-off, and the books about all of it."""
