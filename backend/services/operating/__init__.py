"""What operators watch, check and keep."""
