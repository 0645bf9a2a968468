"""Who tries every door: one person for each function of a case's own territory, and one for each of another province."""

OWN = {
    "P": "producer-P1", "c": "officer-X1", "d": "officer-H1", "p": "officer-VS", "z": "officer-TW", "a": "adviser-VS", "s": "secretary-VS",
    "m": "member-VS", "h": "chair-VS", "t": "authority-VS", "u": "auditor-VS", "r": "administrator-VS", "n": "",
}  # fmt: skip
"""By letter; ``n`` is nobody signed in."""
OTHER = {
    "P": "producer-P3", "c": "officer-Y1", "d": "officer-K1", "p": "officer-VT", "a": "adviser-VT", "s": "secretary-VT", "m": "member-VT",
    "h": "chair-VT", "t": "authority-VT", "u": "auditor-VT", "r": "administrator-VT",
}  # fmt: skip
"""The centre has no other territory."""
