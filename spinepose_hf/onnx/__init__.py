"""ONNX files of the network."""
