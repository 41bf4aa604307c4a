"""Patients: enrolment, treatments and their plan, consent, and what is asked of them."""
