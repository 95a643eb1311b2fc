"""medsmall: small-data transfer learning on medical images, composed from configs."""
