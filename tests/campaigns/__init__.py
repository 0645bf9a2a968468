"""Long runs that a person starts: ``python3 dev.py campaign NAME``."""
