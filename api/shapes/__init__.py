"""Shapes in which several ways in show the same."""
