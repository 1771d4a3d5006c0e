"""From networks to granularity sequences: settings, events, solvers, precision, the pipeline."""
