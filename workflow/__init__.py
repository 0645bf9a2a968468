"""Doing it, and remembering: commands, rights, one transaction per event, history and storage."""
