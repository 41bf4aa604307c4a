"""What Aftercare remembers: tables, column types and migrations; no rules, no sends."""
