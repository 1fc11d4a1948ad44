"""The desk: the pages by which people read, answer and send, each through the same functions as the API (DESIGN section 16)."""
