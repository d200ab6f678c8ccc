"""The works by NumPy, as its good users write them: no gradient towards the inputs, updates and activations in place."""
import numpy as np

import work


def single(_):
    rng = np.random.default_rng(1)
    x = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=float)
    y = np.array([[0, 0, 1, 1]], dtype=float).T
    w = 2 * rng.random((3, 1)) - 1

    def run(epochs):
        nonlocal w
        for _ in range(epochs):
            out = 1 / (1 + np.exp(-(x @ w)))
            w += x.T @ ((y - out) * out * (1 - out))
        return epochs
    return run


def xor(_):
    rng = np.random.default_rng(1)
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    y = np.array([[0], [1], [1], [0]], dtype=np.float32)
    w1, b1 = rng.standard_normal((2, 4), dtype=np.float32), np.zeros(4, np.float32)
    w2, b2 = rng.standard_normal((4, 1), dtype=np.float32), np.zeros(1, np.float32)
    rate = np.float32(0.5)

    def run(epochs):
        nonlocal w1, b1, w2, b2
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
        return epochs
    return run


def parameters(w, rng):
    """Glorot weights [inputs, outputs] and zero biases, layer by layer."""
    made = []
    for inputs, outputs in w.layers:
        limit = (6 / (inputs + outputs)) ** 0.5
        made += [rng.uniform(-limit, limit, (inputs, outputs)).astype(w.dtype), np.zeros(outputs, w.dtype)]
    return made


def softmax(z):
    z -= z.max(-1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(-1, keepdims=True)
    return z


# Activations: of a layer's sums a, in place, to the outputs and what the way back needs; and dh times the derivative, in place.
# NumPy has no erf, so gelu is the tanh form, as its users write it.
def relu(a):
    np.maximum(a, 0, out=a)
    return a, a


def relu_back(dh, h):
    dh *= h > 0


def tanh(a):
    np.tanh(a, out=a)
    return a, a


def tanh_back(dh, h):
    slope = h * h
    np.subtract(1, slope, out=slope)
    dh *= slope


def gelu(a):
    t = a * a
    t *= 0.044715 * 0.7978845608
    t += 0.7978845608
    t *= a
    np.tanh(t, out=t)
    h = t + 1
    h *= a
    h *= 0.5
    return h, (a, t)


def gelu_back(dh, kept):
    a, t = kept
    inner = a * a
    inner *= 3 * 0.044715 * 0.7978845608
    inner += 0.7978845608
    inner *= a
    inner *= 1 - t * t
    inner += t
    inner += 1
    inner *= 0.5
    dh *= inner


ACTIVATIONS = {"relu": (relu, relu_back), "tanh": (tanh, tanh_back), "gelu": (gelu, gelu_back)}


# Optimizers: each takes the parameters and gives update(gradients), which may spoil them.
def sgd(weights, rate):
    def update(gradients):
        for w, g in zip(weights, gradients):
            g *= rate
            np.subtract(w, g, out=w)
    return update


def momentum(weights, rate):
    speeds = [np.zeros_like(w) for w in weights]

    def update(gradients):
        for w, g, v in zip(weights, gradients, speeds):
            v *= 0.9
            v += g
            np.multiply(v, rate, out=g)
            w -= g
    return update


def adam(weights, rate):
    first, second = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    step = 0

    def update(gradients):
        nonlocal step
        step += 1
        size, root = rate / (1 - 0.9 ** step), (1 - 0.999 ** step) ** 0.5
        for w, g, m, v in zip(weights, gradients, first, second):
            m *= 0.9
            m += 0.1 * g
            g *= g
            g *= 0.001
            v *= 0.999
            v += g
            np.sqrt(v, out=g)
            g /= root
            g += 1e-8
            np.divide(m, g, out=g)
            g *= size
            w -= g
    return update


OPTIMIZERS = {"sgd": sgd, "momentum": momentum, "adam": adam}


def train(w):
    rng = np.random.default_rng(1)
    inputs = rng.random((w.rows, w.sizes[0]), dtype=w.dtype)
    labels = rng.integers(0, w.sizes[-1], w.rows)
    mse, dropout = "mse" in w.options, "dropout" in w.options
    targets = np.eye(w.sizes[-1], dtype=w.dtype)[labels] if mse else labels
    weights = parameters(w, rng)
    layers = list(zip(weights[::2], weights[1::2]))
    update = OPTIMIZERS[w.optimizer](weights, w.rate)
    forth, back = ACTIVATIONS[w.activation]
    batch, lines = w.batch, np.arange(w.batch)

    def step(x, y):
        outputs, kept, masks = [x], [], []
        for weight, bias in layers[:-1]:
            a = outputs[-1] @ weight
            a += bias
            h, keep = forth(a)
            kept.append(keep)
            if dropout:
                mask = (rng.random(h.shape, dtype=w.dtype) >= 0.5).astype(w.dtype)
                mask *= 2
                masks.append(mask)
                h = h * mask if keep is h else np.multiply(h, mask, out=h)
            outputs.append(h)
        weight, bias = layers[-1]
        z = outputs[-1] @ weight
        z += bias
        if mse:
            z -= y
            loss = np.vdot(z, z) / z.size
            z *= 2 / z.size
        else:
            softmax(z)
            loss = -np.log(z[lines, y]).mean()
            z[lines, y] -= 1
            z /= batch
        gradients = []
        for at in range(len(layers) - 1, -1, -1):
            gradients += [z.sum(0), outputs[at].T @ z]
            if at:
                z = z @ layers[at][0].T
                if dropout:
                    z *= masks[at - 1]
                back(z, kept[at - 1])
        update(gradients[::-1])
        return loss

    at = 0

    def run(steps):
        nonlocal at
        for _ in range(steps):
            loss = step(inputs[at:at + batch], targets[at:at + batch])
            at = at + batch if at + batch < w.rows else 0
        if not np.isfinite(loss):
            raise ArithmeticError("%s: the loss is %s" % (w.name, loss))
        return steps
    run(8)
    return run


def predict(w):
    rng = np.random.default_rng(1)
    weights = parameters(w, rng)
    layers, x = list(zip(weights[::2], weights[1::2])), rng.random(w.sizes[0], dtype=w.dtype)

    def forward(h):
        for weight, bias in layers[:-1]:
            h = h @ weight
            h += bias
            np.maximum(h, 0, out=h)
        z = h @ layers[-1][0]
        z += layers[-1][1]
        return softmax(z)

    def run(calls):
        for _ in range(calls):
            forward(x)
        return calls
    return run


def update(w):
    rng = np.random.default_rng(1)
    weights = parameters(w, rng)
    gradients = [rng.standard_normal(p.shape).astype(w.dtype) for p in weights]
    step = OPTIMIZERS[w.optimizer](weights, w.rate)

    def run(steps):
        for _ in range(steps):
            step(gradients)
        return steps
    return run


if __name__ == "__main__":
    kinds = {"single": single, "xor": xor, "train": train, "predict": predict, "update": update}
    work.serve(lambda w: kinds[w.kind](w))
