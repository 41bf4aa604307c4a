"""Months of a town in minutes: patients, staff, carrier and clock are played, every service is the real one."""
