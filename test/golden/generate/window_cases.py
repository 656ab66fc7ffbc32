"""Convolution and pooling: NHWC, [kh, kw, c, f]; "same" pads as TensorFlow, the odd element below and right."""

import keras
import torch
import torch.nn.functional as F

from case import case, x

K = keras.ops


def pair(value):
    return list(value) if isinstance(value, (list, tuple)) else [value, value]


def padding(sizes, kernel, strides, pad, dilations=(1, 1)):
    if pad == "valid":
        return [[0, 0], [0, 0]]
    if pad == "same":
        total = [
            max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0) for n, k, s, d in zip(sizes, kernel, strides, dilations)
        ]
        return [[t // 2, t - t // 2] for t in total]
    return [[pad, pad], [pad, pad]] if isinstance(pad, int) else pad


def padded(t, pads, value=0.0):
    return F.pad(t, (*pads[1], *pads[0]), value=value)


def torch_conv(strides, pad, dilations):
    def run(a, w):
        pads = padding(a.shape[1:3], w.shape[:2], strides, pad, dilations)
        y = F.conv2d(
            padded(a.permute(0, 3, 1, 2), pads), w.permute(3, 2, 0, 1).contiguous(), stride=strides, dilation=dilations
        )
        return y.permute(0, 2, 3, 1)

    return run


def keras_conv(strides, pad, dilations):
    def run(a, w):
        mode = pad
        if not isinstance(pad, str):
            a, mode = K.pad(a, [[0, 0], *padding(None, None, None, pad), [0, 0]]), "valid"
        return K.conv(a, w, strides=strides, padding=mode, data_format="channels_last", dilation_rate=dilations)

    return run


def conv(note, input_shape, filter_shape, strides=1, pad="valid", dilations=1):
    s, d = pair(strides), pair(dilations)
    case(
        "conv2d",
        [strides, pad, "NHWC", dilations],
        [x(*input_shape), x(*filter_shape)],
        torch_conv(s, pad, d),
        keras_conv(s, pad, d),
        note,
    )


conv("3x3 valid", [2, 7, 6, 3], [3, 3, 3, 5])
conv("3x3 same", [2, 7, 6, 3], [3, 3, 3, 5], pad="same")
conv("even kernel, same", [2, 7, 6, 3], [2, 4, 3, 4], pad="same")
conv("even kernel, valid", [1, 7, 6, 2], [4, 2, 2, 3])
conv("strides, same, odd sizes", [2, 9, 8, 3], [3, 3, 3, 4], 2, "same")
conv("unequal strides, same", [2, 10, 7, 2], [5, 2, 2, 3], [2, 3], "same")
conv("unequal strides, valid, ragged end", [2, 8, 9, 2], [3, 3, 2, 3], [2, 3])
conv("stride above the kernel", [1, 9, 9, 2], [2, 2, 2, 3], 4)
conv("dilation", [2, 9, 8, 3], [3, 3, 3, 4], dilations=2)
conv("unequal dilations, same", [1, 9, 10, 2], [3, 2, 2, 3], pad="same", dilations=[2, 3])
conv("1x1", [2, 5, 4, 7], [1, 1, 7, 9])
conv("1x1 with strides", [2, 5, 6, 3], [1, 1, 3, 4], 2)
conv("one channel, one filter", [1, 6, 5, 1], [3, 3, 1, 1])
conv("one channel, 32 filters", [2, 8, 8, 1], [3, 3, 1, 32])
conv("one filter of many channels", [1, 6, 6, 24], [3, 3, 24, 1])
conv("kernel as large as the input", [2, 5, 4, 3], [5, 4, 3, 4])
conv("7x7", [1, 9, 10, 2], [7, 7, 2, 3], 2, "same")
conv("padding as a number", [2, 6, 5, 2], [3, 3, 2, 3], 1, 2)
conv("padding by side", [1, 6, 5, 2], [3, 3, 2, 3], 2, [[0, 2], [1, 0]])
conv("3x3, 16 channels", [2, 8, 8, 16], [3, 3, 16, 16])
conv("3x3, ragged everything, same", [2, 7, 9, 17], [3, 3, 17, 19], pad="same")
conv("3x3, ragged everything, valid", [1, 11, 8, 19], [3, 3, 19, 16])
conv("3x3, 24 channels, same", [1, 7, 9, 24], [3, 3, 24, 16], pad="same")
conv("3x3, 16 channels, strides", [1, 9, 9, 16], [3, 3, 16, 8], 2, "same")
conv("5x5, 16 channels", [1, 8, 7, 16], [5, 5, 16, 4], pad="same")


def torch_pool(kind, size, strides, pad):
    def run(a):
        t, pads = a.permute(0, 3, 1, 2), padding(a.shape[1:3], size, strides, pad)
        if kind == "max":
            y = F.max_pool2d(padded(t, pads, -torch.inf), size, strides)
        else:  # what was padded isn't counted
            total, counted = (F.avg_pool2d(padded(v, pads), size, strides) for v in (t, torch.ones_like(t)))
            y = total / counted
        return y.permute(0, 2, 3, 1)

    return run


def pool(note, shape, size, strides, pad):
    for op, kind, keras_op in (("maxPool", "max", K.max_pool), ("avgPool", "average", K.average_pool)):
        check = (
            None
            if not isinstance(pad, str)
            else lambda a, f=keras_op: f(a, tuple(pair(size)), tuple(pair(strides)), pad, data_format="channels_last")
        )
        case(op, [size, strides, pad], [x(*shape)], torch_pool(kind, pair(size), pair(strides), pad), check, note)


pool("2x2 valid", [2, 6, 8, 5], 2, 2, "valid")
pool("2x2 valid, odd sizes", [2, 7, 5, 3], 2, 2, "valid")
pool("2x2 same, odd sizes", [2, 7, 5, 3], 2, 2, "same")
pool("3x3 overlapping, same", [1, 7, 8, 4], 3, 2, "same")
pool("3x2, unequal strides, valid", [1, 9, 8, 3], [3, 2], [2, 3], "valid")
pool("3x3, stride 1, same", [1, 5, 6, 17], 3, 1, "same")
pool("stride above the window", [1, 8, 8, 2], 2, 3, "valid")
pool("the whole input", [2, 4, 3, 5], [4, 3], 1, "valid")
