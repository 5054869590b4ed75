"""Experiment loggers, which copy what a run's folder holds to trackers such as MLflow."""
