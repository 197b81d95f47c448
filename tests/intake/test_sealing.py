"""What is sealed opens for its code and its service alone."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as any_

from services.intake.domain.questions import QUESTIONS, Reporting, answered, faults
from services.intake.domain.sealing import Unopened, new_code, normalised_code, place_of, seal, unseal

CODE, SECRET = "4K7Q-X9M2-TB0C-5D8F-H3JN", "a secret of thirty-two characters or more"


@given(any_.binary())
def test_sealed_and_opened_is_the_same(plain: bytes):
    assert unseal(seal(plain, CODE, SECRET), CODE, SECRET) == plain


def test_neither_another_code_nor_another_secret_nor_a_changed_bit_opens_it():
    shut = seal(b"story", CODE, SECRET)
    assert b"story" not in shut
    for code, secret, sealed in (
        (CODE[:-1] + "P", SECRET, shut),
        (CODE, SECRET + "!", shut),
        (CODE, SECRET, shut[:-1] + bytes([shut[-1] ^ 1])),
    ):
        with pytest.raises(Unopened):
            unseal(sealed, code, secret)
    assert CODE.encode() not in place_of(CODE)


def test_a_code_has_a_hundred_bits_and_is_read_as_people_type_it():
    code = new_code(secrets.choice)
    assert len(code.replace("-", "")) * 5 == 100
    assert normalised_code(f" {code.lower().replace('-', ' ')} ") == code
    assert normalised_code("4k7q x9m2 tboc 5d8f h3jn") == CODE


@given(any_.dictionaries(any_.sampled_from([f.name for q in QUESTIONS for f in q.fields]), any_.lists(any_.text())))
def test_whatever_is_filled_in_is_either_wrong_or_kept(given_: dict[str, list[str]]):
    for question in QUESTIONS:
        wrong, kept = faults(question, given_, Reporting.myself), answered(question, given_)
        for name, values in kept.items():
            assert name in wrong or set(values) <= set(given_[name])
