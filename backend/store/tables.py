"""Every table in one place, so that migrations and checks see the whole schema."""

from backend.store import audit, check_ins, clinics, escalations, patients, staff, texts
from backend.store.database import Base

METADATA = Base.metadata
MODULES = (audit, check_ins, clinics, escalations, patients, staff, texts)
