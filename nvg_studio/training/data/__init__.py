"""Photos, crops, cached sequences and batches."""
