"""The works by JAX, as its good users write them: one compiled call runs a whole pass of steps (lax.scan, lax.fori_loop), the loss of each
step included; nothing of it traces or compiles while the clock runs."""
import functools

import jax
import jax.numpy as jnp
from jax import lax

import work

EPOCHS = 10000  # of the tiny works in one compiled call


def full_batch(loss, weights, rate):
    """Plain gradient descent on a loss that closes over its data. Every epoch computes the loss; the call gives the last one."""
    def epoch(_, state):
        weights, _ = state
        value, gradients = jax.value_and_grad(loss)(weights)
        return jax.tree.map(lambda w, g: w - rate * g, weights, gradients), value
    call = jax.jit(lambda weights: lax.fori_loop(0, EPOCHS, epoch, (weights, jnp.zeros((), jax.tree.leaves(weights)[0].dtype))))

    def run(epochs):
        nonlocal weights
        calls = -(-epochs // EPOCHS)
        for _ in range(calls):
            weights, value = call(weights)
        jax.block_until_ready((weights, value))
        return calls * EPOCHS
    return run


@functools.cache
def single(_):
    x = jnp.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=float)
    y = jnp.array([[0, 0, 1, 1]], dtype=float).T
    w = jax.random.uniform(jax.random.key(1), (3, 1), minval=-1, maxval=1, dtype=float)
    return full_batch(lambda w: jnp.mean((jax.nn.sigmoid(x @ w) - y) ** 2), w, 2.0)


@functools.cache
def xor(_):
    x = jnp.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=jnp.float32)
    y = jnp.array([[0], [1], [1], [0]], dtype=jnp.float32)
    one, two = jax.random.split(jax.random.key(1))
    weights = (jax.random.normal(one, (2, 4)), jnp.zeros(4), jax.random.normal(two, (4, 1)), jnp.zeros(1))

    def loss(weights):
        w1, b1, w2, b2 = weights
        z = jnp.tanh(x @ w1 + b1) @ w2 + b2
        return -jnp.mean(y * jax.nn.log_sigmoid(z) + (1 - y) * jax.nn.log_sigmoid(-z))
    return full_batch(loss, weights, 0.5)


def parameters(w):
    make = jax.nn.initializers.glorot_uniform()
    keys = jax.random.split(jax.random.key(1), len(w.layers))
    return [(make(key, shape, w.dtype), jnp.zeros(shape[1], w.dtype)) for key, shape in zip(keys, w.layers)]


def first_state(w, weights):
    zeros = jax.tree.map(jnp.zeros_like, weights)
    return {"sgd": (), "momentum": zeros, "adam": (zeros, jax.tree.map(jnp.zeros_like, weights), jnp.zeros((), w.dtype))}[w.optimizer]


def updated(w, weights, gradients, state):
    if w.optimizer == "sgd":
        return jax.tree.map(lambda p, g: p - w.rate * g, weights, gradients), state
    if w.optimizer == "momentum":
        state = jax.tree.map(lambda v, g: 0.9 * v + g, state, gradients)
        return jax.tree.map(lambda p, v: p - w.rate * v, weights, state), state
    first, second, step = state
    step = step + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
    size, root = w.rate / (1 - 0.9 ** step), jnp.sqrt(1 - 0.999 ** step)
    weights = jax.tree.map(lambda p, m, v: p - size * m / (jnp.sqrt(v) / root + 1e-8), weights, first, second)
    return weights, (first, second, step)


def outputs(w, weights, x, key=None):
    activation = {"relu": jax.nn.relu, "tanh": jnp.tanh, "gelu": functools.partial(jax.nn.gelu, approximate=False)}[w.activation]
    for weight, bias in weights[:-1]:
        x = activation(x @ weight + bias)
        if key is not None:
            key, used = jax.random.split(key)
            x = jnp.where(jax.random.bernoulli(used, 0.5, x.shape), x * 2, 0)
    return x @ weights[-1][0] + weights[-1][1]


@functools.cache
def compiled_pass(w):
    mse, dropout = "mse" in w.options, "dropout" in w.options

    def loss(weights, x, y, key):
        z = outputs(w, weights, x, key if dropout else None)
        if mse:
            return jnp.mean((z - y) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1))

    def step(carry, batch):
        weights, state, key = carry
        used = key
        if dropout:
            key, used = jax.random.split(key)
        value, gradients = jax.value_and_grad(loss)(weights, *batch, used)
        weights, state = updated(w, weights, gradients, state)
        return (weights, state, key), value
    return jax.jit(lambda carry, xs, ys: lax.scan(step, carry, (xs, ys)), donate_argnums=0)


def train(w):
    call = compiled_pass(w)
    one, two, three = jax.random.split(jax.random.key(1), 3)
    xs = jax.random.uniform(one, (w.steps, w.batch, w.sizes[0]), w.dtype)
    ys = jax.random.randint(two, (w.steps, w.batch), 0, w.sizes[-1])
    if "mse" in w.options:
        ys = jax.nn.one_hot(ys, w.sizes[-1], dtype=w.dtype)
    weights = parameters(w)
    carry = weights, first_state(w, weights), three

    def run(steps):
        nonlocal carry
        calls = -(-steps // w.steps)
        for _ in range(calls):
            carry, losses = call(carry, xs, ys)
        jax.block_until_ready((carry, losses))
        if not jnp.isfinite(losses[-1]):
            raise ArithmeticError("the loss is %s" % losses[-1])
        return calls * w.steps
    return run


def predict(w):
    x = jax.random.uniform(jax.random.key(1), (w.sizes[0],), w.dtype)
    weights, call = parameters(w), jax.jit(lambda weights, x: jax.nn.softmax(outputs(w, weights, x)))

    def run(calls):
        for _ in range(calls):
            call(weights, x).block_until_ready()
        return calls
    return run


def update(w):
    weights = parameters(w)
    gradients, state = jax.tree.map(jnp.ones_like, weights), first_state(w, weights)
    call = jax.jit(lambda weights, gradients, state: updated(w, weights, gradients, state), donate_argnums=(0, 2))

    def run(steps):
        nonlocal weights, state
        for _ in range(steps):
            weights, state = call(weights, gradients, state)
        jax.block_until_ready(weights)
        return steps
    return run


def prepare(w):
    jax.config.update("jax_enable_x64", w.dtype == "float64")
    return {"single": single, "xor": xor, "train": train, "predict": predict, "update": update}[w.kind](w)


work.serve(prepare)
