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
        {
            "that is the product of the last entries only. Add each product to a running sum.": products[-1],
            "that is the product of the first entries only. Is the return inside the loop?": products[0],
            "the last pair is missing: range(n) counts from 0 to n - 1 by itself.": sum(products[:-1]),
            "the first pair is missing: entries are counted from 0.": sum(products[1:]),
            "the entries are added in pairs. Multiply them, then add the products.": sum(a) + sum(b),
            "that is the mean of the products. Leave out the division.": sum(products) / 3,
            "that is the product of the two sums. Multiply entry by entry first.": sum(a) * sum(b),
            "one too many: start the running sum from 0.": sum(products) + 1,
            "everything is multiplied. Multiply within a pair, then add.": products[0]
            * products[1]
            * products[2],
        },
        "not the dot product.",
    )
    compare(
        number(answer([2.0, -1.0], [0.5, 3.0])),
        -2.0,
        {
            "right the first time, but the second call begins with the sum of the first. Start from 0 inside dot.": (
                sum(products) - 2.0
            )
        },
        "right for three entries, wrong for two: dot([2, -1], [0.5, 3]).",
    )
    return f"{' + '.join(f'({x:g} * {y:g})' for x, y in zip(a, b, strict=True))} = {sum(products):g}."
