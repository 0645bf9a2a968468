"""When: calendars, legal phrases, terms, plans and the sweep over what has fallen due."""
