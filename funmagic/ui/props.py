"""The kinds of values that every component of this package accepts."""

import reflex as rx

Text = str | rx.Var[str]
Flag = bool | rx.Var[bool]
Number = int | float | rx.Var[int] | rx.Var[float]
Node = rx.Component | str | rx.Var[str]
