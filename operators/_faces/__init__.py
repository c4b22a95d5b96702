"""The families of Flow's methods."""
