"""tensors.py [PATTERN]: the rows of tensors.lua in NumPy: name, dtype, nanoseconds a call. PATTERN is a regular expression."""
import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")

import math  # noqa: E402
import re  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import numpy as np  # noqa: E402

PATTERN = sys.argv[1] if len(sys.argv) > 1 else ""
LEAST, TRIES = 0.02, 3  # seconds of a measurement; the best of so many counts


def measure(f):
    count = 1
    while True:
        start = time.process_time()
        f(count)
        seconds = time.process_time() - start
        if seconds >= LEAST:
            best = seconds / count
            break
        count = count * 10 if seconds < LEAST / 10 else math.ceil(count * LEAST / seconds * 1.1)
    for _ in range(TRIES - 1):
        start = time.process_time()
        f(count)
        best = min(best, (time.process_time() - start) / count)
    return best


def row(name, dtype, body, **names):
    """The statement runs in a function of its own, with its operands as locals, as the Lua rows do."""
    if not re.search(PATTERN, f"{name} {dtype}"):
        return
    scope = {"np": np}
    exec(f"def f(n, {', '.join(names)}):\n    for _ in range(n): {body}\n", scope)
    print(f"{name:24} {dtype:4} {measure(lambda n: scope['f'](n, **names)) * 1e9:12.0f}", flush=True)


rng = np.random.default_rng(1)
for dtype, T in ("f32", np.float32), ("f64", np.float64):
    s, u = np.ones(10, T), np.ones(10, T)
    x, y = (rng.standard_normal(1000000).astype(T) for _ in range(2))
    square, mask = x.reshape(1000, 1000), x > 0
    column = rng.standard_normal((1000, 1)).astype(T)
    a, b = (rng.standard_normal((256, 256)).astype(T) for _ in range(2))
    narrow, three = x.reshape(250000, 4), rng.standard_normal(4).astype(T)
    row("small a+b", dtype, "s + u", s=s, u=u)
    row("small a*2", dtype, "s * 2", s=s)
    row("small exp", dtype, "np.exp(s)", s=s)
    row("small sum", dtype, "s.sum()", s=s)
    row("add", dtype, "x + y", x=x, y=y)
    row("add in place", dtype, "x += y; x -= y", x=x, y=y)
    row("add column", dtype, "square + column", square=square, column=column)
    row("add rows of 4", dtype, "narrow + three", narrow=narrow, three=three)
    row("gt", dtype, "x > y", x=x, y=y)
    row("exp", dtype, "np.exp(x)", x=x)
    row("tanh", dtype, "np.tanh(x)", x=x)
    row("sin", dtype, "np.sin(x)", x=x)
    row("sum", dtype, "x.sum()", x=x)
    row("max axis 1", dtype, "square.max(0)", square=square)
    row("max axis 2", dtype, "square.max(1)", square=square)
    row("sum axis 1", dtype, "square.sum(0)", square=square)
    row("sum axis 2", dtype, "square.sum(1)", square=square)
    row("transposed copy", dtype, "np.ascontiguousarray(square.T)", square=square)
    row("mask", dtype, "x[mask]", x=x, mask=mask)
    row("sort", dtype, "np.sort(x)", x=x)
    row("matmul 256", dtype, "a @ b", a=a, b=b)
