"""Pydantic types for the Keras objects of a config: `Name`, or `Name: {argument: value}`.

The catalogue is read with the first object, not with this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, ValidationError, core_schema

from nnrun.catalog.families import Family
from nnrun.config.keras_object import KerasObject


@dataclass(frozen=True, slots=True)
class Checked:
    """Marks a `KerasObject` field: what it reads, and that it is written back in the config's own form.

    Args:
        family: The family that the object must be of.
    """

    family: Family

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Reads with the catalogue; a `KerasObject` of the family passes as it is."""
        return core_schema.no_info_plain_validator_function(
            self._read,
            serialization=core_schema.plain_serializer_function_ser_schema(KerasObject.written),
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, str]:
        """Names the family; `nnrun.config.schema` puts the definition from the catalogue here."""
        return {"x-keras": self.family}

    def _read(self, value: Any) -> KerasObject:
        if isinstance(value, KerasObject) and value.family == self.family:
            return value
        from nnrun.config.keras_check import read_object

        found, problems = read_object(self.family, value)
        if found is None:
            raise ValidationError.from_exception_data(
                self.family,
                [
                    InitErrorDetails(
                        type=PydanticCustomError(
                            problem.code,
                            "{message}",
                            {"message": problem.message, "hint": problem.hint, "at": problem.at},
                        ),
                        loc=problem.loc,
                        input=problem.value,
                    )
                    for problem in problems
                ],
            )
        return found


LayerObject = Annotated[KerasObject, Checked("layer")]
OptimizerObject = Annotated[KerasObject, Checked("optimizer")]
LossObject = Annotated[KerasObject, Checked("loss")]
MetricObject = Annotated[KerasObject, Checked("metric")]
CallbackObject = Annotated[KerasObject, Checked("callback")]
