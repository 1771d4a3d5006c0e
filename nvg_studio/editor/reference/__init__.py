"""The reference picture, and where its structure comes from."""
