"""Qt helpers that know nothing of documents: theme, form fields, dropped data."""
