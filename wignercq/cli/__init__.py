"""The command ``wignercq``."""
