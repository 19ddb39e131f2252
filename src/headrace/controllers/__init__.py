"""The loops that make things happen: they own all waiting, and have no opinion about DAGs."""
