"""Keras on TensorFlow. What Keras does not compile itself is compiled by tf.function, but for the single eager op."""

import os
import time

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import tensorflow as tf
from keras import layers

CHAIN = 1000
# Keras adds Adam's epsilon to the uncorrected root, the others to the corrected one, larger by 1/√(1 − β₂ᵗ). So the
# first step is the same; after it the losses may split.
ADAM = {"learning_rate": 1e-3, "epsilon": 1e-7 * (1 - 0.999) ** 0.5}


def load(threads):
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return f"{keras.__version__} on TensorFlow {tf.__version__}", {
        "trainStep": train_step,
        "predict": predict,
        "matmul": matmul,
        "convForward": conv_forward,
        "convGradients": conv_gradients,
        "batchNorm": batch_norm,
        "layerNorm": layer_norm,
        "rmsNorm": rms_norm,
        "groupNorm": group_norm,
        "localResponse": local_response,
        "maxPool": lambda arrays: one(lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"), arrays),
        "relu": lambda arrays: one(tf.nn.relu, arrays),
        "softmaxCrossEntropy": softmax_cross_entropy,
        "adam": adam,
        "eagerOp": eager_op,
    }


def build(network, arrays):
    if network == "mlp":
        model = keras.Sequential([
            keras.Input((784,)),
            layers.Dense(64, activation="relu"), layers.BatchNormalization(),
            layers.Dense(64, activation="relu"), layers.BatchNormalization(),
            layers.Dense(10, activation="softmax")])
    else:
        model = keras.Sequential([
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"), layers.BatchNormalization(),
            layers.Conv2D(64, 3, activation="relu"), layers.BatchNormalization(),
            layers.MaxPooling2D(2), layers.Flatten(),
            layers.Dense(128, activation="relu"), layers.BatchNormalization(),
            layers.Dense(10, activation="softmax")])
    model.set_weights([array for name, array in arrays.items() if "/" in name])
    return model


def compiled(f, *inputs):
    """A job from a function to tensors by name."""
    call = tf.function(f)

    return lambda: void(call(*inputs)), lambda: {name: value.numpy() for name, value in call(*inputs).items()}


def train_step(arrays, network):
    model = build(network, arrays)
    model.compile(optimizer=keras.optimizers.Adam(**ADAM), loss="categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    x, y = tf.constant(arrays["x"]), tf.constant(arrays["y"])
    # What fit runs for each batch; train_on_batch adds about a millisecond of Python.
    step = tf.function(lambda: model.train_step((x, y)))

    def loss():
        model.reset_metrics()
        return float(step()["loss"])

    return lambda: void(step()), lambda: {"losses": [loss(), loss()]}


def predict(arrays, network):
    model = build(network, arrays)
    return compiled(lambda x: {"probabilities": model(x, training=False)}, tf.constant(arrays["x"]))


def one(f, arrays):
    return compiled(lambda x: {"y": f(x)}, tf.constant(arrays["x"]))


def matmul(arrays):
    return compiled(lambda a, b: {"c": a @ b}, tf.constant(arrays["a"]), tf.constant(arrays["b"]))


def conv_forward(arrays):
    w = tf.constant(arrays["w"])
    return one(lambda x: tf.nn.conv2d(x, w, 1, "VALID"), arrays)


def conv_gradients(arrays):
    def both(x, w, dy):
        return {
            "dx": tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(x), filter=w, out_backprop=dy, strides=[1, 1, 1, 1], padding="VALID"),
            "dw": tf.raw_ops.Conv2DBackpropFilter(
                input=x, filter_sizes=tf.shape(w), out_backprop=dy, strides=[1, 1, 1, 1], padding="VALID"),
        }

    return compiled(both, *(tf.constant(arrays[name]) for name in ("x", "w", "dy")))


def norm(layer, arrays):
    layer.build(arrays["x"].shape)
    weights = layer.get_weights()
    layer.set_weights([arrays["gamma"], arrays["beta"], *weights[2:]][: len(weights)])
    training = {"training": True} if isinstance(layer, layers.BatchNormalization) else {}

    def both(x, dy):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, **training)
        dx, *_ = tape.gradient(y, [x, *layer.trainable_variables], dy)
        return {"y": y, "dx": dx}

    return compiled(both, tf.constant(arrays["x"]), tf.constant(arrays["dy"]))


def batch_norm(arrays):
    return norm(layers.BatchNormalization(epsilon=1e-3), arrays)


def layer_norm(arrays):
    return norm(layers.LayerNormalization(epsilon=1e-3), arrays)


def rms_norm(arrays):
    return norm(layers.RMSNormalization(epsilon=1e-3), arrays)


def group_norm(arrays, groups):
    return norm(layers.GroupNormalization(groups, epsilon=1e-3), arrays)


def local_response(arrays):
    def both(x, dy):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.nn.local_response_normalization(x, 5, 1, 1, 0.5)
        return {"y": y, "dx": tape.gradient(y, x, dy)}

    return compiled(both, tf.constant(arrays["x"]), tf.constant(arrays["dy"]))


def softmax_cross_entropy(arrays):
    def both(logits, labels):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, logits))
        return {"loss": loss, "gradient": tape.gradient(loss, logits)}

    return compiled(both, tf.constant(arrays["logits"]), tf.constant(arrays["labels"]))


def adam(arrays):
    variable, gradient = tf.Variable(arrays["parameters"]), tf.constant(arrays["gradients"])
    optimizer = keras.optimizers.Adam(**ADAM)
    optimizer.build([variable])
    step = tf.function(lambda: optimizer.apply([gradient], [variable]))

    def outputs():
        step()
        return {"parameters": variable.numpy()}

    return lambda: void(step()), outputs


def eager_op(arrays, tape):
    x, first = tf.constant(arrays["x"]), tf.constant(arrays["first"])

    def chain(y):
        for _ in range(CHAIN):
            y = y + x
        return y

    def compute():
        if not tape:
            return chain(first)
        with tf.GradientTape() as recorded:
            recorded.watch(first)
            total = tf.reduce_sum(chain(first))
        return recorded.gradient(total, first)

    def run():
        start = time.perf_counter()
        compute()
        return (time.perf_counter() - start) * 1e3 / CHAIN

    return run, lambda: {"y": compute().numpy()}


def void(_):
    """Nothing: a run that returns a number says by it what it took."""
