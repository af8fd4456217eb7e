"""SQL of the clean-up, copies and renewals."""
