"""The classifier for evaluation: training, loading, prediction."""
