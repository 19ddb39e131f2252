"""A compiled pipeline (KFP's IR) to an immutable, typed `Plan`; the pure rules of values and placeholders."""
