"""The document store, and reading documents into it."""
