"""A clinic, its people, and how it is set up."""
