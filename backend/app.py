"""The composition root: the one place where settings, signed files, store, carrier and web meet."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from apiflask import APIFlask
from flask_migrate import Migrate
from requests.adapters import BaseAdapter
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

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
from backend.store.patients import Patient
from backend.web import register
from backend.web.current import HOUSE
from config.loading import Signed, UnsignedError, load_signed, stale_packs
from config.settings import Settings, SettingsError, read_settings

MIGRATIONS = Path(__file__).parent / "store" / "migrations"
Clock = Callable[[], datetime]
_WHERE_PATIENTS_ARE = select(Patient.clinic_id, Patient.country).distinct()


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
    """Nothing starts with a text that could not be sent as it is to some patient of some clinic; with a real carrier
    neither without sign-off, fresh crisis numbers and somebody to page.
    """
    settings: Settings = app.extensions["aftercare.settings"]
    signed: Signed = app.extensions["aftercare.signed"]
    house: House = app.extensions[HOUSE]
    faults = [] if settings.is_sandbox else _signoff_faults(signed, house.machine_now().date())
    with app.app_context():
        try:
            faults += _text_faults(signed)
            faults += [] if settings.is_sandbox else _cover_faults(house)
        except SQLAlchemyError as error:  # not migrated yet, or not there: `readyz` says so
            db.session.rollback()
            if not settings.is_sandbox:
                faults.append(f"DATABASE_URL: cannot be read ({type(error).__name__}); run `aftercare db upgrade`")
    if faults:
        raise SettingsError(faults)


def _signoff_faults(signed: Signed, today: date) -> list[str]:
    faults = [f"config/{fault}" for fault in stale_packs(signed, today)]
    if signed.signature is None:
        faults.append("config/signoff.toml: no clinician has signed these files; see `aftercare signoff show`")
    elif signed.signature.signed_on > today + timedelta(days=1):  # it may be tomorrow already where it was signed
        faults.append(f"config/signoff.toml: signed on {signed.signature.signed_on}, which lies in the future")
    return faults


def _text_faults(signed: Signed) -> list[str]:
    """What is wrong with any text under the name and phone of any clinic, in every country where it has patients."""
    columns = (Clinic.id, Clinic.slug, Clinic.name, Clinic.phone, Clinic.country)
    clinics = {row.id: row for row in db.session.execute(select(*columns))}
    in_use = {(row.id, row.country) for row in clinics.values()}
    in_use |= {(row.clinic_id, row.country) for row in db.session.execute(_WHERE_PATIENTS_ARE)}
    return [
        f"clinic {clinics[clinic_id].slug}: {fault}"
        for clinic_id, country in sorted(in_use, key=lambda pair: (clinics[pair[0]].slug, pair[1]))
        for fault in signed.faults_for(clinic=clinics[clinic_id].name, phone=clinics[clinic_id].phone, country=country)
    ]


def _cover_faults(house: House) -> list[str]:
    if house.operator_contact is not None:
        return []
    return [
        f"clinic {clinic.slug}: nobody can be paged; add staff and shifts, or set OPERATOR_CONTACT"
        for clinic in db.session.query(Clinic).filter(Clinic.id != UNROUTED)
        if not has_cover(clinic, house)
    ]


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
        carrier_is_real=not settings.is_sandbox,
    )


def clinical_of(signed: Signed) -> Clinical:
    return Clinical(
        protocol=signed.protocol,
        texts=signed.texts,
        packs=signed.packs,
        screen=Screen(signed.lexicons, signed.languages),
        faults_for=lru_cache(maxsize=1024)(signed.faults_for),
        digest=signed.digest,
        signature=signed.signature,
        protocol_with=lru_cache(maxsize=256)(lambda overrides: fitted(signed.protocol, json.loads(overrides)).protocol),
        families=frozenset(rule.family for lexicon in signed.lexicons for rule in lexicon.rules),
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
