"""How words are read: folding, spelling, phrases, rules and numbers; `screening` and `replies` stand on it."""
