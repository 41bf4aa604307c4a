"""What every service needs besides its arguments, put together once by the composition root."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from typing import Protocol as Shape

from backend.domain.concerns import Concern
from backend.domain.outbound import TO_STAFF, Kind
from backend.domain.protocol import CrisisPack, Protocol
from backend.domain.signoff import Signature
from backend.domain.texts import Texts
from backend.messaging.gateway import Gateway
from backend.messaging.twilio_signature import SignatureCheck


class OwnProtocol(Shape):
    """A clinic, as far as its protocol goes."""

    @property
    def protocol_overrides(self) -> dict[str, Any] | None: ...


Screening = Callable[..., Sequence[Concern]]


@dataclass(frozen=True, slots=True)
class Clinical:
    """What clinicians sign, ready for use. `faults_for` says why the texts cannot serve a clinic."""

    protocol: Protocol
    texts: Texts
    packs: Mapping[str, CrisisPack]
    screen: Screening
    faults_for: Callable[..., list[str]]
    digest: str
    signature: Signature | None
    """Who signed exactly these; nobody in test mode."""
    protocol_with: Callable[[str], Protocol]
    """The protocol with a clinic's overrides, which are given as JSON."""
    families: frozenset[str]
    """The concerns that words raise."""

    @property
    def is_signed(self) -> bool:
        return self.signature is not None


@dataclass(frozen=True, slots=True)
class House:
    """The parts of one running process.

    `now` is the time that patients and staff live in (the sandbox can move it forward); `machine_now` is the machine's
    own, for network time-outs, heartbeats and sign-ins. With a real carrier (`carrier_is_real`) the two are the same.
    """

    clinical: Clinical
    gateway: Gateway
    signature: SignatureCheck
    now: Callable[[], datetime]
    machine_now: Callable[[], datetime]
    public_url: str
    operator_contact: str | None
    heartbeat_url: str | None
    carrier_is_real: bool

    def protocol_of(self, clinic: OwnProtocol) -> Protocol:
        """The signed protocol with what this clinic changed of it."""
        if not clinic.protocol_overrides:
            return self.clinical.protocol
        return self.clinical.protocol_with(json.dumps(clinic.protocol_overrides, sort_keys=True))

    def may_send(self, kind: Kind) -> bool:
        """Nothing goes to a real patient that no clinician has signed. Start-up refuses that already; this is the last
        line of defence.
        """
        return kind in TO_STAFF or self.clinical.is_signed or not self.carrier_is_real

    def status_url(self, reference: str) -> str:
        return f"{self.public_url}/twilio/status/{reference}"
