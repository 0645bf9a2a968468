"""Pages that the server draws: Vietnamese first, whole without scripts."""
