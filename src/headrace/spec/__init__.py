"""A compiled pipeline (KFP's IR) to an immutable, typed `Plan`; and the pure rules of values, placeholders and cache keys."""
