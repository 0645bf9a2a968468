"""TELLING: who hears of a duty, when, in which words and by which way; imports workflow and inwards."""
