"""`aftercare run`: everything on this machine, with a sandbox carrier and a demo clinic, until Ctrl-C."""

import contextlib
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

import click
from flask_migrate import upgrade
from honcho.manager import Manager
from sqlalchemy import select

from backend.app import build_app
from backend.cli.operations import DEMO_PASSWORD
from backend.services.clinic import demo
from backend.store.database import db
from backend.store.patients import Patient
from backend.web.current import HOUSE
from config.loading import FOLDER
from config.settings import Settings, SettingsError, read_settings

READY_WITHIN = 60.0  # seconds
_TOLD_TO_STOP = (128 + signal.SIGINT, 128 + signal.SIGTERM)


@click.command()
def run() -> None:
    """Start web, clock and the sandbox carrier, on a migrated database with the demo clinic."""
    settings = read_settings()
    if not settings.is_sandbox:
        raise SettingsError(["CARRIER: `aftercare run` is for the sandbox; the Procfile runs with a real carrier"])
    _refuse_taken_ports({"PORT": settings.port, "SANDBOX_PORT": settings.sandbox_port})
    demo_town = _prepare(settings)
    manager = Manager()
    for name, command in _processes().items():
        manager.add_process(name, command, env=_environment(settings), cwd=str(FOLDER.parent))
    threading.Thread(target=_announce, args=(settings, demo_town), daemon=True).start()
    manager.loop()
    sys.exit(0 if manager.returncode in _TOLD_TO_STOP else manager.returncode)


def _refuse_taken_ports(ports: dict[str, int]) -> None:
    taken = [name for name, port in ports.items() if _answers(port)]
    if taken:
        raise SettingsError([f"{name}: something already listens on {ports[name]}; choose another" for name in taken])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(frozen=True, slots=True)
class _DemoTown:
    """Who signs in, and whose phone is whose."""

    sign_ins: list[str]
    phones: dict[str, str]


def _prepare(settings: Settings) -> _DemoTown:
    """Migrate and seed."""
    app = build_app(settings)
    with app.app_context():
        upgrade()
        seeded = demo.seed_demo(app.extensions[HOUSE], password=DEMO_PASSWORD)
        patients = db.session.scalars(select(Patient).where(Patient.clinic_id == seeded.clinic.id))
        phones = {patient.phone: patient.name for patient in patients}
        phones |= {person.phone: f"{person.name} ({person.role})" for person in seeded.staff}
        return _DemoTown([f"{person.role:<10} {person.email}" for person in seeded.staff], phones)


def _processes() -> dict[str, str]:
    python = sys.executable
    return {
        "sandbox": f"{python} -m backend.sandbox",
        "web": f"{python} -m gunicorn -c config/gunicorn.conf.py --access-logfile /dev/null 'backend.app:create_app()'",
        "clock": f"{python} -m jobs",
    }


def _environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "PORT": str(settings.port),
        "SANDBOX_PORT": str(settings.sandbox_port),
        "VAR_DIR": str(settings.var_dir.resolve()),
        "DATABASE_URL": settings.database_url,
        "PUBLIC_URL": settings.public_url,
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "warning"),
        "PYTHONUNBUFFERED": "1",
    }


def _announce(settings: Settings, demo_town: _DemoTown) -> None:
    """Say where everything is, once it is there, and put everybody's name on their phone."""
    console = settings.public_url
    sandbox = f"http://127.0.0.1:{settings.sandbox_port}"
    ready = _wait_for(f"{console}/livez") and _wait_for(f"{sandbox}/clock")
    if ready:
        _name_phones(sandbox, demo_town.phones)
    lines = [
        "",
        "  Aftercare is running." if ready else "  Aftercare is slow to start; see the lines above.",
        "",
        f"  Console   {console}",
        f"  Handsets  {sandbox}   (the sandbox carrier: everybody's phone, and the town clock)",
        "",
        f"  Sign in with the password  {DEMO_PASSWORD}",
        *(f"    {line}" for line in demo_town.sign_ins),
        "",
        "  UNSIGNED: test mode. Ctrl-C stops everything; the data stays in var/.",
        "",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _name_phones(sandbox: str, phones: dict[str, str]) -> None:
    """What somebody who sets up the sandbox would do by hand; the carrier itself knows numbers only."""
    for number, label in phones.items():
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{sandbox}/handsets/{number}",
            data=json.dumps({"label": label}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5):  # noqa: S310 - as above
            pass


def _wait_for(url: str) -> bool:
    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return True
        except (urllib.error.URLError, OSError):
            return False

    return _within(READY_WITHIN, answers)


def _within(seconds: float, happens: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.2)
    return False


COMMANDS = (run,)
