"""The document: snapshots, history, stage pictures, storage and export (no torch, no Qt)."""
