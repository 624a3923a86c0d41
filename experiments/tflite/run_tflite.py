"""What TensorFlow's own interpreter gives for a TensorFlow Lite model, asked one JSON line at a time.

In:  {"model": path, "images": path of float32 [N, H, W, C], "labels": path of uint16, "shape": [H, W, C]}
Out: {"accuracy": by XNNPACK, "agreement": share of the first images that the reference kernels give the same class,
      "compared": how many these are, "ms": [median, low, high]}
"""
import json
import sys
import time

import numpy as np
import tensorflow as tf

kinds = tf.lite.experimental.OpResolverType


def interpreter(path, kind):
    it = tf.lite.Interpreter(path, num_threads=1, experimental_op_resolver_type=kind)
    it.allocate_tensors()
    return it, it.get_input_details()[0]["index"], it.get_output_details()[0]["index"]


def classes(path, kind, images):
    it, x, y = interpreter(path, kind)
    found = []
    for image in images:
        it.set_tensor(x, image[None])
        it.invoke()
        found.append(it.get_tensor(y)[0].argmax())
    return np.array(found)


def milliseconds(path, image):
    it, x, _ = interpreter(path, kinds.BUILTIN)
    it.set_tensor(x, image[None])
    times = []
    for _ in range(300):
        start = time.perf_counter()
        it.invoke()
        times.append(1000 * (time.perf_counter() - start))
    return [float(np.percentile(times[50:], at)) for at in (50, 25, 75)]


print(json.dumps({"version": tf.__version__}), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    images = np.fromfile(job["images"], np.float32).reshape([-1, *job["shape"]])
    labels = np.fromfile(job["labels"], np.uint16)
    optimized = classes(job["model"], kinds.BUILTIN, images)
    few = min(1000, len(labels))
    reference = classes(job["model"], kinds.BUILTIN_REF, images[:few])
    print(
        json.dumps(
            {
                "accuracy": float((optimized == labels).mean()),
                "agreement": float((reference == optimized[:few]).mean()),
                "compared": few,
                "ms": milliseconds(job["model"], images[0]),
            }
        ),
        flush=True,
    )
