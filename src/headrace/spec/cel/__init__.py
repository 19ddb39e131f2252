"""The Common Expression Language (CEL), as far as pipelines need it. Knows nothing of pipelines."""
