"""Numbers that describe the texture of a grey image, without a network.

`glcm` has the co-occurrence of grey levels, `moments` those of the histogram, `patterns` local
binary patterns and oriented gradients. Each takes images uint8 (H, W) and gives float64 features.
"""
