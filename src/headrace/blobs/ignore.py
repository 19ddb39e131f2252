"""What of a folder an image would not hold: `.dockerignore`, as Docker reads it, after what never belongs into one.

Takes the text of the file, gives a function of paths. Patterns are relative to the folder, `*` and `?` stay within a
name, `**` is any number of folders; `!` takes back what an earlier line left out; the last line that fits decides.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

FILE = ".dockerignore"

_NEVER = (
    *("**/.git", "**/.hg", "**/.svn", "**/.venv", "**/__pycache__", "**/*.pyc"),
    *("**/.mypy_cache", "**/.pytest_cache", "**/.ruff_cache", "**/.ipynb_checkpoints", "**/.DS_Store"),
)


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    takes_back: bool


@dataclass(frozen=True, slots=True)
class Ignore:
    """Which paths are left out. `prunes`: what is in a folder that is left out need not be looked at."""

    rules: Sequence[_Rule]
    prunes: bool

    def __call__(self, path: str) -> bool:
        """Whether the file or folder at `path`, with `/`, is left out: it, or a folder that it is in."""
        parts = path.split("/")
        within = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        left_out = False
        for rule in self.rules:
            if left_out is rule.takes_back and any(map(rule.pattern.fullmatch, within)):
                left_out = not rule.takes_back
        return left_out


def parse(text: str) -> Ignore:
    """The rules of a `.dockerignore`, which may be empty."""
    given = (line.strip() for line in text.removeprefix("\ufeff").splitlines() if not line.startswith("#"))
    rules = [_rule(line) for line in (*_NEVER, *given) if line.strip("!/. ")]
    return Ignore(rules, not any(rule.takes_back for rule in rules))


def _rule(line: str) -> _Rule:
    takes_back = line.startswith("!")
    pattern = line.removeprefix("!").strip().strip("/").removeprefix("./")
    return _Rule(re.compile(_regex(pattern), re.DOTALL), takes_back)


_TOKEN = re.compile(r"\*\*/|/\*\*$|\*\*|\*|\?|\[[^\]/]+\]|\\.|.", re.DOTALL)


def _regex(pattern: str) -> str:
    return "".join(_part(match[0]) for match in _TOKEN.finditer(pattern))


def _part(token: str) -> str:
    match token:
        case "**/":
            return "(?:.*/)?"
        case "/**":
            return "/.+"
        case "**":
            return ".*"
        case "*":
            return "[^/]*"
        case "?":
            return "[^/]"
    if token.startswith("[") and len(token) > 1:
        inside = token[1:-1].replace("\\", "\\\\")
        return f"[{inside}]"
    return re.escape(token[1:] if token.startswith("\\") and len(token) > 1 else token)
