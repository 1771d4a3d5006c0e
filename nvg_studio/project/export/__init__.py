"""Results for other programs, one file per format."""
