"""The works by PyTorch, as its users write them: eager, functional layers, torch.optim with its defaults. The first argument: threads."""
import sys

import torch
import torch.nn.functional as F

import work

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)


def dtype(w):
    return getattr(torch, w.dtype)


def loop(step, optimizer):
    """Runs step(), which gives the loss, as often as asked."""
    def run(steps):
        for _ in range(steps):
            optimizer.zero_grad()
            loss = step()
            loss.backward()
            optimizer.step()
        if not torch.isfinite(loss):
            raise ArithmeticError("the loss is %s" % loss)
        return steps
    run(8)
    return run


def single(_):
    x = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=torch.float64)
    y = torch.tensor([[0, 0, 1, 1]], dtype=torch.float64).T
    w = (2 * torch.rand(3, 1, dtype=torch.float64) - 1).requires_grad_()
    return loop(lambda: F.mse_loss(torch.sigmoid(x @ w), y), torch.optim.SGD([w], lr=2))


def xor(_):
    x = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float32)
    y = torch.tensor([[0], [1], [1], [0]], dtype=torch.float32)
    w1, w2 = torch.randn(4, 2).requires_grad_(), torch.randn(1, 4).requires_grad_()
    b1, b2 = torch.zeros(4, requires_grad=True), torch.zeros(1, requires_grad=True)

    def step():
        return F.binary_cross_entropy(torch.sigmoid(F.linear(torch.tanh(F.linear(x, w1, b1)), w2, b2)), y)
    return loop(step, torch.optim.SGD([w1, b1, w2, b2], lr=0.5))


def parameters(w):
    made = []
    for inputs, outputs in w.layers:
        limit = (6 / (inputs + outputs)) ** 0.5
        made.append(((torch.rand(outputs, inputs, dtype=dtype(w)) * 2 - 1) * limit).requires_grad_())
        made.append(torch.zeros(outputs, dtype=dtype(w), requires_grad=True))
    return made


def optimizer(w, weights):
    if w.optimizer == "adam":
        return torch.optim.Adam(weights, lr=w.rate)
    return torch.optim.SGD(weights, lr=w.rate, momentum=0.9 if w.optimizer == "momentum" else 0)


def train(w):
    inputs = torch.rand(w.rows, w.sizes[0], dtype=dtype(w)).split(w.batch)
    labels = torch.randint(w.sizes[-1], (w.rows,))
    mse = "mse" in w.options
    targets = (F.one_hot(labels, w.sizes[-1]).to(dtype(w)) if mse else labels).split(w.batch)
    weights = parameters(w)
    layers = list(zip(weights[::2], weights[1::2]))
    activation = {"relu": F.relu, "tanh": torch.tanh, "gelu": F.gelu}[w.activation]
    dropout, loss = "dropout" in w.options, F.mse_loss if mse else F.cross_entropy
    at = 0

    def step():
        nonlocal at
        h = inputs[at]
        for weight, bias in layers[:-1]:
            h = activation(F.linear(h, weight, bias))
            if dropout:
                h = F.dropout(h, 0.5)
        value = loss(F.linear(h, *layers[-1]), targets[at])
        at = (at + 1) % len(inputs)
        return value
    return loop(step, optimizer(w, weights))


def predict(w):
    weights = parameters(w)
    layers, x = list(zip(weights[::2], weights[1::2])), torch.rand(w.sizes[0], dtype=dtype(w))

    def run(calls):
        with torch.inference_mode():
            for _ in range(calls):
                h = x
                for weight, bias in layers[:-1]:
                    h = F.relu(F.linear(h, weight, bias))
                torch.softmax(F.linear(h, *layers[-1]), -1)
        return calls
    return run


def update(w):
    weights = parameters(w)
    step = optimizer(w, weights)
    for p in weights:
        p.grad = torch.randn_like(p)

    def run(steps):
        for _ in range(steps):
            step.step()
        return steps
    return run


kinds = {"single": single, "xor": xor, "train": train, "predict": predict, "update": update}
work.serve(lambda w: kinds[w.kind](w))
