"""What every room may use and what knows nothing of pipelines: time, ids, JSON, errors, log, settings."""
