"""The frame: packaging, locks, the launcher, and the rules of the house."""
