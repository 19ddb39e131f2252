"""The nouns: frozen dataclasses and enums that rooms pass to each other. No behaviour but what follows from them."""
