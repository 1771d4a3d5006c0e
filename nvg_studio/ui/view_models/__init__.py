"""From document and choices to the values that widgets show. Nothing is changed here."""
