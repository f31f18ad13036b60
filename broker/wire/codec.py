"""Messages to frames and back."""

from typing import Final, Generic, TypeVar

import msgspec

from broker.errors import WireError
from broker.wire.messages import MAX_FRAME_BYTES, FromAgent, FromGateway, ToAgent, ToGateway

_T = TypeVar("_T")
_encoder: Final = msgspec.json.Encoder()


def encode(message: FromGateway | ToGateway | FromAgent | ToAgent) -> str:
    """One message as the text of one frame."""
    return _encoder.encode(message).decode()


class FrameDecoder(Generic[_T]):
    """Decodes the frames of one direction."""

    __slots__ = ("_decoder",)

    def __init__(self, decoder: "msgspec.json.Decoder[_T]") -> None:
        self._decoder = decoder

    def decode(self, frame: str) -> _T:
        """Raises :class:`WireError`, which never quotes the frame: it may hold a ticket or a password."""
        if len(frame) > MAX_FRAME_BYTES:
            raise WireError(f"a frame of {len(frame)} characters is over the limit")
        try:
            return self._decoder.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise WireError(f"a frame does not follow the contract: {type(error).__name__}") from None


from_gateway: Final = FrameDecoder(msgspec.json.Decoder(FromGateway))
to_gateway: Final = FrameDecoder(msgspec.json.Decoder(ToGateway))
from_agent: Final = FrameDecoder(msgspec.json.Decoder(FromAgent))
to_agent: Final = FrameDecoder(msgspec.json.Decoder(ToAgent))
