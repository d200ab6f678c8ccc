"""mnist_torch.py DIR [THREADS]: what scripts/mnist.lua does, by PyTorch in the usual way, with the samples in memory."""
import gzip
import sys
import time

import numpy as np
import torch
from torch import nn

folder = sys.argv[1]
torch.set_num_threads(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
torch.manual_seed(1)


def idx(name):
    with gzip.open("%s/%s.gz" % (folder, name)) as file:
        data = file.read()
    shape = np.frombuffer(data, ">i4", data[3], 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def load(part):
    x = torch.from_numpy(idx(part + "-images-idx3-ubyte").reshape(-1, 784).astype(np.float32) / 255)
    return x, torch.from_numpy(idx(part + "-labels-idx1-ubyte").astype(np.int64))


x, y = load("train")
net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
loss = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
start = time.perf_counter()
for epoch in range(5):
    total, right = 0.0, 0
    for ids in torch.randperm(len(x)).split(64):
        labels = y[ids]
        optimizer.zero_grad()
        outputs = net(x[ids])
        value = loss(outputs, labels)
        value.backward()
        optimizer.step()
        total += value.item() * len(ids)
        right += (outputs.argmax(1) == labels).sum().item()
    print("epoch %d  loss %.4f  accuracy %.4f" % (epoch + 1, total / len(x), right / len(x)), file=sys.stderr)
seconds = time.perf_counter() - start
x, y = load("t10k")
with torch.no_grad():
    outputs = net(x)
    print("5 epochs in %.2f s  test loss %.4f  accuracy %.4f" % (seconds, loss(outputs, y), (outputs.argmax(1) == y).float().mean()))
