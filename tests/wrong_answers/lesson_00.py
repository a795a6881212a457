"""Wrong answers to the exercise of lesson 00."""

WRONG = {
    "dot": [
        ("def dot(a, b):\n    return [x * y for x, y in zip(a, b)]", "expected a single number"),
        ("def dot(a, b):\n    return sum(a) * sum(b)", "product of the two sums"),
        ("def dot(a, b):\n    return sum(x + y for x, y in zip(a, b))", "added in pairs"),
        ("def dot(a, b):\n    for x, y in zip(a, b):\n        return x * y", "return inside the loop"),
        (
            "def dot(a, b):\n    for x, y in zip(a, b):\n        total = x * y\n    return total",
            "last entries only",
        ),
        ("def dot(a, b):\n    return sum(x * y for x, y in zip(a, b)) / len(a)", "mean of the products"),
        ("def dot(a, b):\n    print(sum(x * y for x, y in zip(a, b)))", "end in a return"),
    ]
}
