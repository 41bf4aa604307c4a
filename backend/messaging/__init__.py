"""The telephone network: one way out, one way to check what comes in."""
