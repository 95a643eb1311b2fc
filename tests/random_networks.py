"""Networks with random weights and statistics, and images for them."""

import torch
from torch import nn


def randomised(network, seed=0):
    """`network` in eval mode; nothing of it is as it was made."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    return network.eval()


def films(count=2, side=64, seed=0):
    """uint8 (count, 1, side, side), with black and white in it."""
    torch.manual_seed(seed)
    images = torch.randint(0, 256, (count, 1, side, side), dtype=torch.uint8)
    images[:, :, 0, 0], images[:, :, 0, 1] = 0, 255
    return images


def timm_features(network, images, mean, std):
    """Pooled features (B, F) of uint8 images, normalised as `medsmall.model.Model` does."""
    grey = images.expand(-1, 3, -1, -1).float() / 255
    x = (grey - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    module = network.module.eval()
    with torch.no_grad():
        return module.forward_head(module.forward_features(x), pre_logits=True)


def assert_same_features(found, expected):
    """Equal up to rounding, and not those of a dead network, which has none."""
    assert (expected.std(0) > 0).float().mean() > 0.2  # many tell the images apart
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))
