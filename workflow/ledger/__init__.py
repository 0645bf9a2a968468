"""The tamper-evident history, pure: canonical text, commitments, entries, the Merkle log and its verification."""
