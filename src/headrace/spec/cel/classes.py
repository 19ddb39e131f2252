"""The classes of characters that a pattern can name, in ASCII as in RE2: ranges, each its first and last character."""

LETTERS = {
    "d": ("09",),
    "w": ("09", "AZ", "az", "__"),
    "s": ("\t\n", "\f\r", "  "),
}
"""By the letter behind a backslash."""

NAMED = {
    "alnum": ("09", "AZ", "az"),
    "alpha": ("AZ", "az"),
    "ascii": ("\x00\x7f",),
    "blank": ("\t\t", "  "),
    "cntrl": ("\x00\x1f", "\x7f\x7f"),
    "digit": ("09",),
    "graph": ("!~",),
    "lower": ("az",),
    "print": (" ~",),
    "punct": ("!/", ":@", "[`", "{~"),
    "space": ("\t\r", "  "),
    "upper": ("AZ",),
    "word": ("09", "AZ", "az", "__"),
    "xdigit": ("09", "AF", "af"),
}
"""By the name in `[:name:]`."""
