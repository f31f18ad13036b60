"""Devices that show a certificate: enrolled, recognised, renewed, revoked."""
