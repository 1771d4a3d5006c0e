"""From networks to granularity sequences: settings, events, solvers, the pipeline, the engine process."""
