"""A container engine as the container launcher uses it: Docker, or Podman, which answers Docker's HTTP API too."""
