"""Messages survive the wire; anything else is refused without being quoted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import WireError
from broker.model.grants import Grants
from broker.model.ids import AttachmentId, DesktopId, SessionId, TenantId, ZoneId
from broker.model.kinds import DesktopProtocol
from broker.wire.codec import encode, from_agent, from_gateway, to_agent, to_gateway
from broker.wire.messages import MAX_FRAME_BYTES, ConnectionSpec, Redeem, Redeemed, StartDesktop


@given(password=st.text(max_size=60), name=st.text(max_size=20))
def test_a_connection_comes_out_as_it_went_in(password: str, name: str) -> None:
    spec = ConnectionSpec(
        session_id=SessionId("s"),
        attachment_id=AttachmentId("a"),
        tenant_id=TenantId("hinode"),
        zone_id=ZoneId("lgwan"),
        guacd_group="lgwan",
        protocol=DesktopProtocol.VNC,
        parameters={"password": password, name: "値"},
        grants=Grants(),
        max_unsupervised_s=60,
    )
    message = Redeemed(request=1, spec=spec)

    assert to_gateway.decode(encode(message)) == message


def test_messages_that_carry_secrets_do_not_print_them() -> None:
    redeem = Redeem(request=1, ticket="the-ticket", tunnel_cookie="the-cookie", address="127.0.0.1")
    start = StartDesktop(
        request=2,
        desktop_id=DesktopId("d"),
        name="n",
        zone_id=ZoneId("lgwan"),
        zone_label="LGWAN",
        home_key=None,
        password="the-password",
    )

    assert "the-ticket" not in repr(redeem)
    assert "the-cookie" not in repr(redeem)
    assert "the-password" not in repr(start)


@given(frame=st.text(max_size=300))
def test_no_text_breaks_the_decoder(frame: str) -> None:
    for decoder in (from_gateway, to_gateway, from_agent, to_agent):
        with pytest.raises(WireError):
            decoder.decode(frame)


def test_a_refused_frame_is_not_quoted() -> None:
    with pytest.raises(WireError) as fault:
        from_gateway.decode('{"type":"redeem","request":"x","ticket":"the-ticket"}')
    assert "the-ticket" not in str(fault.value)
    assert fault.value.__cause__ is None


def test_a_frame_that_nests_without_end_is_refused() -> None:
    with pytest.raises(WireError):
        from_gateway.decode('{"type":"event","x":' + "[" * 500_000)


def test_an_oversized_frame_is_refused_before_it_is_read() -> None:
    with pytest.raises(WireError, match="over the limit"):
        from_gateway.decode("x" * (MAX_FRAME_BYTES + 1))
