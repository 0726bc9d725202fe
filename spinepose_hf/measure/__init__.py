"""What a result says about a spine: angles, lengths and asymmetries in the picture, each with its sigma."""
