"""Artifact bytes: where a uri's bytes are, and keeping them as they were published. Knows nothing of runs."""
