"""What tests of the limits share: limits of their own, and clients in many places."""
