"""What tests share: a core without I/O that is driven step by step."""
