"""Ways out: one small class each. What a channel needs to be told stands in ``settings``, when it tries again in ``retrying``."""
