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
        ("def dot(a, b):\n    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]", "raised IndexError"),
        ("def dot(a, b):\n    return 15", "right for three entries, wrong for two"),
        (
            "total = 0\ndef dot(a, b):\n    global total\n    for x, y in zip(a, b):\n"
            "        total += x * y\n    return total",
            "the second call begins with the sum of the first",
        ),
        ("def dot(a, b):\n    return 1 + sum(x * y for x, y in zip(a, b))", "start the running sum from 0"),
        ("def dot(a, b):\n    return sum(a[i] * b[i] for i in range(len(a) - 1))", "last pair is missing"),
        ("def dot(a, b):\n    return sum(a[i] * b[i] for i in range(1, len(a)))", "first pair is missing"),
        ("import math\ndef dot(a, b):\n    return math.prod(a) * math.prod(b)", "everything is multiplied"),
        ("def dot(a, b):\n    print(sum(x * y for x, y in zip(a, b)))", "end in a return"),
    ]
}
