"""Kernels for GPUs, in Triton: imported where one is about to run, since Triton is not everywhere."""
