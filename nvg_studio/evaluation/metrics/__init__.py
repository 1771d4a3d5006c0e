"""What is measured: distributions, reconstruction, adherence, locks."""
