"""Who places the calls: what the rest may ask of a provider, and one package for each vendor."""
