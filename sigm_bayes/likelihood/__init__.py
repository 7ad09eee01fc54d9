"""The densities of the model, one file a submodel, written once for NumPy and PyTensor (see `namespace`)."""
