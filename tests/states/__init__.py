"""Tests of the inmost room: pure, so no clock, no database and no environment."""
