"""The one way in which a command ends without having done what it was asked for."""


class Failure(Exception):
    """Says what is wrong and what to do about it."""
