"""Texts in and texts out."""
