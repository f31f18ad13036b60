from broker.model.reasons import EndReason
from gateway.status import DoorRefusal, classify_guacd_status, close_for


def test_every_end_has_a_row_of_its_own() -> None:
    for reason in [*EndReason, *DoorRefusal]:
        closing = close_for(reason)
        assert (closing.websocket_code, closing.guacamole_status) != (1011, 0x0200), reason
        assert closing.reason_text() == f"{closing.guacamole_status} {reason.value}"
        assert len(closing.reason_text()) <= 123
        # guacamole-common-js takes 0 for success and would say nothing
        assert closing.guacamole_status >= 0x0200


def test_statuses_of_guacd_are_told_apart() -> None:
    assert classify_guacd_status(519) is EndReason.DESKTOP_UNREACHABLE
    assert classify_guacd_status(769) is EndReason.DESKTOP_SIGNIN_FAILED
    assert classify_guacd_status(0) is EndReason.GUACD_CLOSED
    assert classify_guacd_status(99999) is EndReason.DESKTOP_FAILED
