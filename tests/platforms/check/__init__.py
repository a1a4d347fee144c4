"""What checks are made of: the stand-in, the program, callers that speak as the platforms do, and the runner."""
