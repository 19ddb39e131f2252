"""Messages and services, generated from the .proto files here by `make proto`."""
