"""Nudges: an e-mail or a text message that something waits at the desk. Never what, whose, or of which kind."""
