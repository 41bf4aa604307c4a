"""What a deployment sets (environment) and what clinicians sign (the files beside this one)."""
