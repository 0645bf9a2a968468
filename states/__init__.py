"""What may happen: the states, events and rules of the OCOP cycle. Pure: no SQL, no clock, no environment."""
