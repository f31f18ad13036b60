"""What the steps of a sign-in share, made once."""

import msgspec

from broker.ports import Store
from broker.settings import SigninSettings
from broker.signin.ceremonies import Ceremonies
from broker.signin.completion import Completion
from broker.signin.enrol_places import EnrolPlaces
from broker.signin.proving import CodeProver
from broker.signin.throttles import Throttles


class SigninParts(msgspec.Struct, frozen=True, kw_only=True):
    store: Store
    settings: SigninSettings
    throttles: Throttles
    completion: Completion
    prover: CodeProver
    ceremonies: Ceremonies
    places: EnrolPlaces
