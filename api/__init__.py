"""Every way in: settings, wiring and the command line."""
