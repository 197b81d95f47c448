"""A report's reference as a person may type it: read out on a telephone, or copied from a slip of paper."""


def letters_and_digits(given: str) -> str:
    return "".join(char for char in given.upper() if char.isalnum())


def normalised_reference(given: str) -> str:
    """As it is kept, of one in lower case, with spaces or without dashes, with O for 0, I or L for 1."""
    plain = letters_and_digits(given).translate(str.maketrans("OIL", "011"))
    return f"{plain[:1]}-{plain[1:6]}-{plain[6:]}"


def spellings(given: str) -> list[str]:
    """What may be kept of what was typed: another service's references need not be spelled as ours are."""
    return [given.strip().upper(), normalised_reference(given)]
