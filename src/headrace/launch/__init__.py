"""Where a step runs: the `Launcher` waist, and the launchers. Knows nothing of DAGs, runs' states or the database."""
