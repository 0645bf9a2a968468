"""The way in from a terminal: settings, wiring and the command line, as an office meets them."""
