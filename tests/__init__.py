"""Tests, one folder per room, and what they stand on in ``support``."""
