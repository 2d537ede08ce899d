"""Says what is missing when a pickled client, or code that wants one, arrives where only the fallback package is."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(f"module 'scaler.client.client' has no attribute {name!r}")
    import scaler

    return getattr(scaler, "Client" if name == "_CallNode" else name)
