"""After every journey: the safety case holds on its database, and its logs hold nobody's name, number or words."""

import io
import logging
import re
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from backend.services.operating.verify import breaches
from backend.store.database import db
from backend.store.texts import InboundMessage, OutboundMessage
from tests.town import Town

_PRIVATE = re.compile(r"\+1\d{10}|\b(Ana|Reyes|Noor|Haddad|Vera|Lindqvist|Dov|Amsel|Ada|Okafor|Cass|Moreau)\b")
_WORTH_FINDING = 6  # characters; shorter texts stand in every timestamp
_BREAKS_ON_PURPOSE = "breaks_on_purpose"


@pytest.fixture(autouse=True)
def sound(request: pytest.FixtureRequest) -> Iterator[None]:
    """The end of every journey that plays in a town. `request.node.user_properties` names what it breaks on purpose."""
    name = next((name for name in ("town", "any_town") if name in request.fixturenames), None)
    if name is None:
        yield
        return
    town: Town = request.getfixturevalue(name)
    written = _listen()
    yield
    expected = {value for key, value in request.node.user_properties if key == _BREAKS_ON_PURPOSE}
    with town.inside():
        found = {invariant: rows for invariant, rows in breaches(town.house).items() if rows}
        bodies = {*db.session.scalars(select(InboundMessage.body)), *db.session.scalars(select(OutboundMessage.body))}
    assert {invariant: rows for invariant, rows in found.items() if invariant not in expected} == {}
    lines = written.getvalue()
    assert _PRIVATE.findall(lines) == []
    assert [body for body in bodies if len(body) >= _WORTH_FINDING and body in lines] == []


def _listen() -> io.StringIO:
    """Everything that is logged from now on, at the most talkative level, as it is written in production."""
    written = io.StringIO()
    root = logging.getLogger()
    [ours] = [handler for handler in root.handlers if type(handler) is logging.StreamHandler]
    listening = logging.StreamHandler(written)
    listening.setFormatter(ours.formatter)
    root.addHandler(listening)
    root.setLevel(logging.DEBUG)
    return written
