"""Who asks, and how we know: accounts, sessions, second factors, tokens, identity providers, and the edges that every request passes."""
