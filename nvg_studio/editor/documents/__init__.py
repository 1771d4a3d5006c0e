"""The document store, and documents on their way into it."""
