"""What a clinic may change of the signed protocol, and how far: never so that something urgent becomes less."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time
from typing import Any

from backend.domain.protocol import Protocol

EARLIEST, LATEST = time(8), time(21)
"""No clinic may ask earlier or later in the patient's day (quiet hours, CLINICAL.md 8)."""


def with_overrides(protocol: Protocol, overrides: Mapping[str, Any]) -> Protocol:
    """The protocol as this clinic changed it. Raises `ValueError` with a line for each fault."""
    if unknown := overrides.keys() - {"optional_items"}:
        msg = f"nothing named {', '.join(sorted(unknown))} can be changed"
        raise ValueError(msg)
    return replace(protocol, optional_items=frozenset(overrides.get("optional_items", ())))
