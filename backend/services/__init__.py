"""What the product does, as verbs: each a function that carries a domain decision into the store and the outbox."""
