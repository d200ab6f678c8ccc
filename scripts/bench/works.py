"""One work by NumPy, as its users write it: float32, no gradient towards the inputs, updates in place. Prints its rate."""
import sys
import time

import numpy as np


def single(epochs=30000):
    rng = np.random.default_rng(1)
    x = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=float)
    y = np.array([[0, 0, 1, 1]], dtype=float).T
    w = 2 * rng.random((3, 1)) - 1
    start = time.perf_counter()
    for _ in range(epochs):
        out = 1 / (1 + np.exp(-(x @ w)))
        w += x.T @ ((y - out) * out * (1 - out))
    return epochs / (time.perf_counter() - start)


def xor(epochs=15000):
    rng = np.random.default_rng(1)
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    y = np.array([[0], [1], [1], [0]], dtype=np.float32)
    w1, b1 = rng.standard_normal((2, 4), dtype=np.float32), np.zeros(4, np.float32)
    w2, b2 = rng.standard_normal((4, 1), dtype=np.float32), np.zeros(1, np.float32)
    rate = np.float32(0.5)
    start = time.perf_counter()
    for _ in range(epochs):
        a = np.tanh(x @ w1 + b1)
        p = 1 / (1 + np.exp(-(a @ w2 + b2)))
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))  # noqa: F841: as the work asks for it every epoch
        delta = (p - y) / np.float32(4)
        back = (delta @ w2.T) * (1 - a * a)
        w2 -= rate * (a.T @ delta)
        b2 -= rate * delta.sum(0)
        w1 -= rate * (x.T @ back)
        b1 -= rate * back.sum(0)
    return epochs / (time.perf_counter() - start)


def mlp(batch, hidden=128, seconds=1.0):
    rng = np.random.default_rng(1)
    rows = max(4096, 4 * batch)
    inputs, labels = rng.random((rows, 784), dtype=np.float32), rng.integers(0, 10, rows)
    w1 = (rng.random((784, hidden), dtype=np.float32) - np.float32(0.5)) * np.float32(0.1)
    w2 = (rng.random((hidden, 10), dtype=np.float32) - np.float32(0.5)) * np.float32(0.1)
    b1, b2 = np.zeros(hidden, np.float32), np.zeros(10, np.float32)
    rate, lines = np.float32(0.01), np.arange(batch)

    def step(x, y):
        h = x @ w1
        h += b1
        np.maximum(h, 0, out=h)
        z = h @ w2
        z += b2
        z -= z.max(1, keepdims=True)
        np.exp(z, out=z)
        z /= z.sum(1, keepdims=True)
        loss = -np.log(z[lines, y]).mean()
        z[lines, y] -= 1
        z /= np.float32(batch)
        dw2, db2 = h.T @ z, z.sum(0)
        dh = z @ w2.T
        dh *= h > 0
        dw1, db1 = x.T @ dh, dh.sum(0)
        for w, g in ((w1, dw1), (b1, db1), (w2, dw2), (b2, db2)):
            g *= rate
            np.subtract(w, g, out=w)
        return loss

    for at in range(0, min(rows, 64 * batch), batch):
        step(inputs[at:at + batch], labels[at:at + batch])
    done, start = 0, time.perf_counter()
    while True:
        for at in range(0, rows, batch):
            step(inputs[at:at + batch], labels[at:at + batch])
        done += rows
        spent = time.perf_counter() - start
        if spent > seconds:
            return done / spent


def main(name):
    if name.startswith("mlp"):
        hidden, batch = name[3:].split("-")
        return mlp(int(batch), int(hidden))
    return {"single": single, "xor": xor}[name]()


print(main(sys.argv[1]))
