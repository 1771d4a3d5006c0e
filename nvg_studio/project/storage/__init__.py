"""The project file: archive, manifest, migrations."""
