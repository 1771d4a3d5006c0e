"""The paper's data structure as an immutable value, and pure edits on it (numpy, scipy)."""
