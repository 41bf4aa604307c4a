"""Who at a clinic may do what."""

ROLES = ("responder", "clinician", "manager", "auditor")
WHO_MAY_ACT = frozenset({"responder", "clinician", "manager"})
"""Auditors read everything and act on nothing."""
CLINICIANS = frozenset({"clinician", "manager"})
"""Who may end a hold after a crisis (CLINICAL.md 4e)."""
