"""Priors and likelihood put together as a PyMC model."""
