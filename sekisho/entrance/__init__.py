"""The proxy at an entrance: HAProxy, its configuration written from the site's settings."""
