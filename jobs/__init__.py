"""The clock: a heartbeat that looks for work. The database is the schedule; this only makes it tick."""
