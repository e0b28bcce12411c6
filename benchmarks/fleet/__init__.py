"""A fleet under load, while its processes die and are replaced."""
