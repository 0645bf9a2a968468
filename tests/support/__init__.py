"""What the tests stand on: databases, the launcher of the suite, and the checks."""
