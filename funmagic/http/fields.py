"""The types of a person's fields in requests, each validated in one way wherever it is used."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from funmagic.accounts.names import LONGEST_NAME, read_name
from funmagic.accounts.passwords import LONGEST_TYPED, MAX_PASSWORD, MIN_PASSWORD, has_fitting_length
from funmagic.core.emails import LONGEST_INPUT, read_email
from funmagic.core.errors import InvalidInput
from funmagic.i18n.translate import n_


def _in_a_sentence(read: Callable[[str], str]) -> Callable[[str], str]:
    """Wrap a reader so that its refusal becomes the field's validation error."""

    def read_field(text: str) -> str:
        try:
            return read(text)
        except InvalidInput as error:
            raise PydanticCustomError("refused", "{sentence}", {"sentence": error.message}) from None

    return read_field


def _read_new_password(text: str) -> str:
    if not has_fitting_length(text):
        sentence = n_(
            "A password has {least} to {number} character.",
            "A password has {least} to {number} characters.",
            MAX_PASSWORD,
            least=MIN_PASSWORD,
        )
        raise PydanticCustomError("refused", "{sentence}", {"sentence": sentence})
    return text


Email = Annotated[
    str,
    # Blanks around it are taken away, and count as well.
    Field(max_length=2 * LONGEST_INPUT, json_schema_extra={"format": "email"}),
    AfterValidator(_in_a_sentence(read_email)),
]
PersonName = Annotated[
    str,
    Field(max_length=4 * LONGEST_NAME, json_schema_extra={"minLength": 1}),
    AfterValidator(_in_a_sentence(read_name)),
]
NewPassword = Annotated[
    str,
    Field(max_length=LONGEST_TYPED, json_schema_extra={"minLength": MIN_PASSWORD}),
    AfterValidator(_read_new_password),
]
# One that is only compared.
GivenPassword = Annotated[str, Field(max_length=LONGEST_TYPED)]
