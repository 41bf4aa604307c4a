"""Cases: opened by a concern, paged, taken, closed."""
