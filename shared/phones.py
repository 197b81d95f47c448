"""Telephone numbers: the same one, however it was typed."""

import phonenumbers


def phone_number(given: str | None) -> str | None:
    """A number as +441632960001; one that cannot be a number is nobody's."""
    try:
        number = phonenumbers.parse(given or "", "GB")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
