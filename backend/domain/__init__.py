"""Every clinical and consent decision, as functions of values: no framework, no clock, no randomness."""
