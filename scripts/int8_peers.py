"""The peers' post-training quantization: ONNX Runtime's static quantization and NNCF's, from samples in memory. Used by compare_int8.py."""

import contextlib
import io
import logging
import os
import sys
import tempfile

import numpy as np

# ONNX Runtime's calibrators by name; MinMax is its default.
ORT_METHODS = ("MinMax", "Percentile", "Entropy")
# NNCF's arguments by name; "performance" with the fast bias correction is its default.
NNCF_METHODS = {
    "performance": {"preset": "performance", "fast_bias_correction": True},
    "mixed": {"preset": "mixed", "fast_bias_correction": True},
    "mixed, full bias": {"preset": "mixed", "fast_bias_correction": False},
    "mixed, no bias": {"preset": "mixed", "disable_bias_correction": True},
}


def missing():
    """Names of the Python packages that are not installed."""
    import importlib.util

    return [name for name in ("numpy", "onnx", "onnxruntime", "nncf") if importlib.util.find_spec(name) is None]


def session(path):
    """An ONNX Runtime session on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = 1, 1, 4
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def feed_shape(info):
    """None for the first extent when it is symbolic: the model then takes batches."""
    return [extent if isinstance(extent, int) else None for extent in info.shape]


def infer(path, key, samples, batch=100):
    """Every output over all samples, each [samples, ...]; batches where the model takes them."""
    run = session(path)
    shape = feed_shape(run.get_inputs()[0])
    rank_has_batch = len(shape) == samples.ndim
    step = (batch if shape[0] is None else 1) if rank_has_batch else 1
    results = []
    for start in range(0, len(samples), step):
        part = samples[start : start + step]
        results.append(run.run(None, {key: part if rank_has_batch else part[0]}))
    names = [info.name for info in run.get_outputs()]
    return {name: np.concatenate([np.asarray(r[k], np.float32).reshape((-1,) + r[k].shape[1:]) for r in results])
            for k, name in enumerate(names)}


def widen(model):
    """float16 becomes float32: the peers quantize float32 models."""
    from onnx import TensorProto, numpy_helper

    def tensor(value):
        if value.data_type == TensorProto.FLOAT16:
            value.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(value).astype(np.float32), value.name))

    for value in model.graph.initializer:
        tensor(value)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                tensor(attribute.t)
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT16:
                attribute.i = TensorProto.FLOAT
    for info in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        if info.type.tensor_type.elem_type == TensorProto.FLOAT16:
            info.type.tensor_type.elem_type = TensorProto.FLOAT


def prepare(path, out):
    """The float model as both tools want it: float32, opset 13 or later, constants no inputs, batch norms folded by ONNX Runtime."""
    import onnx
    import onnxruntime
    from onnx import version_converter
    from onnxruntime.quantization.shape_inference import quant_pre_process

    if os.path.exists(out):
        return out
    onnxruntime.set_default_logger_severity(4)
    model = onnx.load(path)
    widen(model)
    constants = {value.name for value in model.graph.initializer}
    inputs = [info for info in model.graph.input if info.name not in constants]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.ir_version = max(model.ir_version, 8)
    if max(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")) < 13:
        model = version_converter.convert_version(model, 13)
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(model, f"{folder}/model.onnx")
        quant_pre_process(f"{folder}/model.onnx", f"{folder}/prepared.onnx", skip_symbolic_shape=True)
        os.replace(f"{folder}/prepared.onnx", out)
    return out


def feeds(path, key, samples):
    """One feed a sample, in the rank that the model takes."""
    rank = len(session(path).get_inputs()[0].shape)
    return [{key: sample[None] if rank == samples.ndim else sample} for sample in samples]


def chunked_histograms(chunk):
    """Lets the histogram calibrators take their samples in chunks: they keep every activation of the samples that they are given."""
    from onnxruntime.quantization import calibrate

    calibrator = calibrate.HistogramCalibrater
    if hasattr(calibrator, "whole_collect"):
        return
    calibrator.whole_collect = calibrator.collect_data

    def collect(self, reader):
        while part := [feed for _ in range(chunk) if (feed := reader.get_next()) is not None]:
            self.whole_collect(Reader(part))

    calibrator.collect_data = collect


class Reader:
    """Feeds in the form of ONNX Runtime's CalibrationDataReader."""

    def __init__(self, feeds):
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)

    def set_range(self, start_index, end_index):
        raise NotImplementedError


@contextlib.contextmanager
def silence():
    """The tools report progress in several ways; what they raise still passes."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(level)


def quantize_onnxruntime(prepared, out, key, samples, method, chunk=32):
    """Static, per channel, u8 activations, s8 weights, QDQ."""
    from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

    CalibrationDataReader.register(Reader)
    chunked_histograms(chunk)
    for extra in ({}, {"QDQDisableWeightAdjustForInt32Bias": True}):
        try:
            with silence():
                quantize_static(prepared, out, Reader(feeds(prepared, key, samples)), quant_format=QuantFormat.QDQ,
                                per_channel=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                                calibrate_method=getattr(CalibrationMethod, method), extra_options=extra)
            return
        except ValueError:
            # 1.31's adjustment of weights to their bias fails on a MatMul whose weight has a scale a column.
            if extra:
                raise


def quantize_nncf(prepared, out, key, samples, method):
    """NNCF's post-training quantization of the ONNX model, all samples used."""
    import nncf
    import onnx

    arguments = dict(NNCF_METHODS[method])
    if arguments.pop("disable_bias_correction", False):
        arguments["advanced_parameters"] = nncf.AdvancedQuantizationParameters(disable_bias_correction=True)
    preset = {"performance": nncf.QuantizationPreset.PERFORMANCE, "mixed": nncf.QuantizationPreset.MIXED}[arguments.pop("preset")]
    with silence():
        data = nncf.Dataset(feeds(prepared, key, samples))
        quantized = nncf.quantize(onnx.load(prepared), data, preset=preset, subset_size=len(samples), **arguments)
    onnx.save(quantized, out)


if __name__ == "__main__":
    sys.exit(__doc__)
