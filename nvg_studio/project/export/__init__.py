"""Results for other programs: a scene of layers (`layers`, `scene`), and one file per format that writes it."""
