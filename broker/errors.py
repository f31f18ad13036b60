"""Faults. Expected outcomes are values; these are raised where a promise was broken.

SekishoError
├── ConfigurationError      the settings can't be used: the message names the path and the next step
├── StoreError              the database did not do what it must
│   ├── StoreUnavailable    no answer from the database
│   │   └── StoreConflict   the database took a transaction back, because of another one at the same time
│   └── SchemaMismatch      the schema is not that of this program: run ``sekisho migrate``
├── SealBroken              a sealed value does not open with the present key
├── ImpossibleTransition    a lifecycle was asked for a step that its table does not have
├── WireError               a peer of the wire broke the contract
└── ProviderFault           a desktop provider broke its contract
"""


class SekishoError(Exception):
    """Root of all faults of this program."""


class ConfigurationError(SekishoError):
    """The settings can't be used."""


class StoreError(SekishoError):
    """The database did not do what it must."""


class StoreUnavailable(StoreError):
    """No answer from the database."""


class StoreConflict(StoreUnavailable):
    """The database took the transaction back for the sake of another one; nothing of it stays, it may be repeated."""


class SchemaMismatch(StoreError):
    """The schema is not that of this program."""


class SealBroken(SekishoError):
    """A sealed value does not open: wrong key, wrong purpose or a changed byte."""


class ImpossibleTransition(SekishoError):
    """A lifecycle was asked for a step that its table does not have."""


class WireError(SekishoError):
    """A peer of the wire broke the contract."""


class ProviderFault(SekishoError):
    """A desktop provider broke its contract."""
