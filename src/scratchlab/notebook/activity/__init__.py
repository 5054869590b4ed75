"""Which of the user's own processes ran where and when, and what they wrote into."""
