"""Records who did what to the bus, when and why: a chain of records on `alertbus.audit` that cannot be changed without showing it."""
