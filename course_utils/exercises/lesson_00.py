"""The check of lesson 00, by which learners get to know what checks do."""

from __future__ import annotations

from collections.abc import Callable

from course_utils.exercises.framework import compare, function_exercise, number


@function_exercise
def check_dot(answer: Callable) -> str:
    """dot(a, b): the sum of the products of the entries."""
    a, b = [1.0, 2.0, 3.0], [4.0, -5.0, 7.0]
    products = [x * y for x, y in zip(a, b, strict=True)]
    compare(
        number(answer(a, b)),
        sum(products),
        [
            (
                products[-1],
                "that is the product of the last entries only. Add each product to a running sum.",
            ),
            (products[0], "that is the product of the first entries only. Is the return inside the loop?"),
            (sum(a) + sum(b), "the entries are added in pairs. Multiply them, then add the products."),
            (sum(products) / 3, "that is the mean of the products. Leave out the division."),
            (sum(a) * sum(b), "that is the product of the two sums. Multiply entry by entry first."),
        ],
        "not the dot product.",
    )
    return f"{' + '.join(f'({x:g} * {y:g})' for x, y in zip(a, b, strict=True))} = {sum(products):g}."
