"""Who somebody is: directories (LDAP) and one-time codes (TOTP), behind the core's ports."""
