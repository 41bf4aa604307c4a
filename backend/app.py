"""The composition root: the one place where settings, signed files, store, carrier and web meet."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from apiflask import APIFlask
from flask_migrate import Migrate
from requests.adapters import BaseAdapter

from backend.domain.overrides import fitted
from backend.domain.screening import Screen
from backend.logs import set_up_logging
from backend.messaging.twilio_gateway import TwilioGateway
from backend.messaging.twilio_signature import SignatureCheck
from backend.sandbox.town import TownClock
from backend.services.house import Clinical, House
from backend.services.operating.health import has_cover
from backend.store.clinics import UNROUTED, Clinic
from backend.store.database import db, init_database
from backend.web import register
from backend.web.current import HOUSE
from config.loading import Signed, UnsignedError, load_signed, stale_packs
from config.settings import Settings, SettingsError, read_settings

MIGRATIONS = Path(__file__).parent / "store" / "migrations"
Clock = Callable[[], datetime]


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    adapter: BaseAdapter | None = None,
    signed: Signed | None = None,
) -> APIFlask:
    """The web application. Raises `SettingsError` with every fault when it must not start.

    `clock` and `adapter` stand in for the town's time and the carrier's network in tests; `signed` are the
    signed files when they are already loaded.
    """
    app = build_app(settings, clock=clock, adapter=adapter, signed=signed)
    refuse_unsafe(app)
    return app


def build_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    adapter: BaseAdapter | None = None,
    signed: Signed | None = None,
) -> APIFlask:
    """The application without the check that it may serve patients: what the command line builds on."""
    settings = settings or read_settings()
    signed = signed or _signed()
    set_up_logging(settings.log_level)
    app = APIFlask(
        "backend",
        json_errors=False,
        docs_path=None,
        spec_path=None,
        static_folder="web/static",
        template_folder="web/templates",
    )
    app.config.update(_flask_settings(settings))
    app.extensions["aftercare.settings"] = settings
    app.extensions["aftercare.signed"] = signed
    init_database(app, settings.database_url, settings.field_keys)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)
    app.extensions[HOUSE] = _house(settings, signed, clock, adapter)
    register(app)
    return app


def refuse_unsafe(app: APIFlask) -> None:
    """With a real carrier nothing starts without sign-off, fresh crisis numbers and somebody to page."""
    settings: Settings = app.extensions["aftercare.settings"]
    if settings.is_sandbox:
        return
    signed: Signed = app.extensions["aftercare.signed"]
    faults = stale_packs(signed, datetime.now(UTC).date())
    if not signed.is_signed:
        faults.append("config/signoff.toml: no clinician has signed these files; see `aftercare signoff show`")
    with app.app_context():
        faults += _clinic_faults(app.extensions[HOUSE], signed)
    if faults:
        raise SettingsError(faults)


def _clinic_faults(house: House, signed: Signed) -> list[str]:
    faults = []
    for clinic in db.session.query(Clinic).filter(Clinic.id != UNROUTED):
        found = signed.faults_for(clinic=clinic.name, phone=clinic.phone, country=clinic.country)
        faults += [f"clinic {clinic.slug}: {fault}" for fault in found]
        if not has_cover(clinic, house) and house.operator_contact is None:
            faults.append(f"clinic {clinic.slug}: nobody can be paged; add staff and shifts, or set OPERATOR_CONTACT")
    return faults


def _signed() -> Signed:
    """The signed files, faults told together with nothing else started."""
    try:
        return load_signed()
    except UnsignedError as error:
        raise SettingsError([f"config/{fault}" for fault in error.faults]) from None


def _house(settings: Settings, signed: Signed, clock: Clock | None, adapter: BaseAdapter | None) -> House:
    machine_now = clock or (lambda: datetime.now(UTC))
    now = clock or (TownClock(settings.town_clock_path).now if settings.is_sandbox else machine_now)
    public_url = settings.public_url.rstrip("/")
    tokens = (settings.twilio_auth_token, settings.twilio_auth_token_old)
    return House(
        clinical=clinical_of(signed),
        gateway=TwilioGateway(
            account_sid=settings.twilio_account_sid,
            auth_token=settings.twilio_auth_token,
            api_url=settings.twilio_api_url,
            status_url=lambda reference: f"{public_url}/twilio/status/{reference}",
            adapter=adapter,
        ),
        signature=SignatureCheck(public_url=public_url, tokens=tokens),
        now=now,
        machine_now=machine_now,
        public_url=public_url,
        operator_contact=settings.operator_contact,
        heartbeat_url=settings.heartbeat_url,
    )


def clinical_of(signed: Signed) -> Clinical:
    return Clinical(
        protocol=signed.protocol,
        texts=signed.texts,
        packs=signed.packs,
        screen=Screen(signed.lexicons, signed.languages),
        faults_for=signed.faults_for,
        is_signed=signed.is_signed,
        protocol_with=lru_cache(maxsize=256)(lambda overrides: fitted(signed.protocol, json.loads(overrides)).protocol),
    )


def _flask_settings(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": 2 * 1024 * 1024,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.public_url.startswith("https://"),
        "SESSION_COOKIE_NAME": "aftercare",
        "METRICS_TOKEN": settings.metrics_token,
        "WTF_CSRF_TIME_LIMIT": None,  # a form left open over a night shift must still send
    }
