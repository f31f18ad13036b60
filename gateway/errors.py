"""Faults of the gateway.

SekishoError
└── ProtocolViolation       a peer broke the Guacamole protocol, or sent what is not on the list
"""

from typing import Final

from broker.errors import SekishoError

_LONGEST_QUOTED_OPCODE: Final = 16


class ProtocolViolation(SekishoError):
    """A browser or a guacd broke the protocol.

    ``rule`` says which rule; ``opcode`` is quoted only when it is a short lower-case word. No content is kept.
    """

    def __init__(self, rule: str, opcode: bytes | None = None) -> None:
        self.rule = rule
        self.opcode = quote_opcode(opcode)
        super().__init__(f"{rule} ({self.opcode})" if self.opcode else rule)


def quote_opcode(opcode: bytes | None) -> str:
    """The opcode as it may appear in a log or an audit record: never text that a peer could choose freely."""
    if opcode is None:
        return ""
    is_word = len(opcode) <= _LONGEST_QUOTED_OPCODE and opcode.isalpha() and opcode.islower()
    return opcode.decode("ascii") if is_word else "other"
