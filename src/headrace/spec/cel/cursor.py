"""The tokens of an expression, read one ahead: what the parser asks for, takes and complains about."""

from headrace.base.errors import InvalidSpec
from headrace.spec.cel.lexer import Token, tokens, wrong


class Cursor:
    """`next` is the token that has not been taken yet; at the end it stays the last one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self.next = next(self._tokens)

    def take(self) -> Token:
        """The next token, which is then behind."""
        token = self.next
        if token.kind != "end":
            self.next = next(self._tokens)
        return token

    def skip(self, kind: str) -> bool:
        """Take the next token if it is of that kind; whether it was."""
        found = self.next.kind == kind
        if found:
            self.take()
        return found

    def expect(self, kind: str) -> Token:
        """Take the next token. Raises InvalidSpec if it is of another kind."""
        if self.next.kind != kind:
            raise self.unexpected("a name" if kind == "name" else kind)
        return self.take()

    def unexpected(self, expected: str) -> InvalidSpec:
        """That something else than the next token should stand there."""
        return self.wrong(f"expected {expected}, found {self.next.text[:40]}", self.next)

    def wrong(self, problem: str, token: Token, hint: str = "") -> InvalidSpec:
        """What is wrong at a token."""
        return wrong(problem, self._text, token.at, hint)
