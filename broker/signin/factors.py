"""Names of the second factors, as sessions and the audit carry them."""

from typing import Final

TOTP: Final = "totp"
RECOVERY: Final = "recovery_code"
PASSKEY: Final = "passkey"
