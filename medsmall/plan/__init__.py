"""What a sweep will cost, and what it can tell, before anything is trained."""
