"""What answers over the network, a process each."""
