"""Keeps whole what the bus could not decide or an agency refused, shows it without its content, puts it back once mended."""
