"""How fast the bus is, measured on a real Kafka on this machine, beside the floor (DESIGN section 13)."""
