"""What people at the desk state: forms, uploads, and the drafts of both."""
