"""Ways out, against real servers on loopback that do whatever servers do."""
