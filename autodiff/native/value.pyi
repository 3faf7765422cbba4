from collections.abc import Callable
from typing import Any, TypeVar

Class = TypeVar("Class", bound=type)

def adopt(cls: Class) -> Class: ...
def method(name: str, doc: str, fallback: Callable[..., Any]) -> Any | None: ...
