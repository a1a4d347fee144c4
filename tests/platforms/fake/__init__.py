"""The stand-in for the platforms: what they answer, what they refuse, and what a check can make them do."""
