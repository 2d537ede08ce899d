"""What runs inside a processor: one task at a time, told by the program around the interpreter."""
