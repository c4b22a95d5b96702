"""What the pages of the operators are made of: facts of the code, pictures of real runs, names elsewhere."""
