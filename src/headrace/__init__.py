"""Kubeflow Pipelines in one Python process. Importing this package imports nothing else."""

__version__ = "0.1.0"
